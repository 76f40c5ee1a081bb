"""ActivityNet Captions (Krishna et al. 2017) as paragraphs: all sentences of a video are one text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sparsebench import CollectionError
from sparsebench_plugins.collections.video.captions import Caption, field, joined, read_json
from sparsebench_plugins.collections.video.source import VideoCollection

FILES = {"test": ("val_ids.json", "val_1.json"), "train": ("train_ids.json", "train.json")}


@dataclass(frozen=True, kw_only=True)
class ActivityNet(VideoCollection):
    """ActivityNet Captions: 4,917 videos of val_1 to test, 10,009 to train; each counts up to its stated duration.

    Files: val_ids.json, val_1.json, train_ids.json, train.json: {video: {duration, sentences}}.
    """

    set_name: ClassVar[str] = "video/activitynet"
    split_names: ClassVar[tuple[str, ...]] = tuple(FILES)

    def files_of(self, split: str) -> Sequence[str]:
        """The list of the split's videos, and its sentences."""
        return FILES[split]

    def captions(self, split: str) -> Sequence[Caption]:
        """One a video, in the order of the list: its sentences with spaces between."""
        found = []
        for name, entry, where in self._entries(split):
            sentences = field(entry, "sentences", list, where)
            if not all(isinstance(sentence, str) for sentence in sentences):
                raise CollectionError(f"{where}: 'sentences' holds something that is no text")
            found += [(name, sentence, where) for sentence in sentences]
        return joined(found)

    def seconds(self, split: str) -> Mapping[str, tuple[float, float]]:
        """Return the seconds of each video that count: up to the stated duration, rounded up."""
        return {
            name: (0.0, float(math.ceil(field(entry, "duration", float | int, where))))  # type: ignore[arg-type]
            for name, entry, where in self._entries(split)
        }

    def _entries(self, split: str) -> Iterator[tuple[str, Any, str]]:
        """Video, what is said of it, and where, in the order of the list."""
        listed, path = (self.folder / name for name in FILES[split])
        entries = read_json(path)
        for number, name in enumerate(read_json(listed)):
            if not isinstance(entries, dict) or name not in entries:
                raise CollectionError(f"{listed}: entry {number}: {path.name} says nothing of video {name!r}")
            yield name, entries[name], f"{path}: {name}"
