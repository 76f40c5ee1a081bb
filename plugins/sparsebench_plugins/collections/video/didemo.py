"""DiDeMo (Hendricks et al. 2017) as paragraphs: all descriptions of a video are one text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from sparsebench import CollectionError
from sparsebench_plugins.collections.video.captions import Caption, field, joined, read_json, read_lines
from sparsebench_plugins.collections.video.source import VideoCollection

LAST_SECOND = 31.0
"""The authors annotate the first half minute, and text-video systems read no further."""


@dataclass(frozen=True, kw_only=True)
class DiDeMo(VideoCollection):
    """DiDeMo: 1,004 videos to test, 8,392 to train, 1,065 to validate; seconds 0 to 31 of each count.

    Files: test_list.txt, train_list.txt, val_list.txt, and *_data.json: a list of {video, description}.
    """

    set_name: ClassVar[str] = "video/didemo"
    split_names: ClassVar[tuple[str, ...]] = ("test", "train", "val")

    def files_of(self, split: str) -> Sequence[str]:
        """The list of the split's videos, and its descriptions."""
        return (f"{split}_list.txt", f"{split}_data.json")

    def captions(self, split: str) -> Sequence[Caption]:
        """One a video, in the order of the list: its descriptions with spaces between."""
        listed, path = (self.folder / name for name in self.files_of(split))
        places = {name: f"{listed}:{number}" for number, name in enumerate(read_lines(listed), start=1)}
        texts: dict[str, list[str]] = {name: [] for name in places}
        for number, entry in enumerate(read_json(path)):
            where = f"{path}: entry {number}"
            if (name := field(entry, "video", str, where)) in texts:
                texts[name].append(field(entry, "description", str, where))
        silent = [name for name, found in texts.items() if not found]
        if silent:
            raise CollectionError(f"{places[silent[0]]}: {path.name} has no description of video {silent[0]!r}")
        return joined([(name, text, places[name]) for name, found in texts.items() for text in found])

    def seconds(self, split: str) -> Mapping[str, tuple[float, float]]:
        """The first half minute of every video."""
        return dict.fromkeys(read_lines(self.folder / self.files_of(split)[0]), (0.0, LAST_SECOND))
