"""MSVD (Chen and Dolan 2011): about 40 captions a video; its captions are a pickle, read without running anything."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from sparsebench import CollectionError
from sparsebench_plugins.collections.video.captions import Caption, numbered, read_lines
from sparsebench_plugins.collections.video.source import VideoCollection

CAPTIONS = "raw-captions.pkl"


@dataclass(frozen=True, kw_only=True)
class Msvd(VideoCollection):
    """MSVD: 670 videos with 27,763 captions to test, 1,200 to train, 100 to validate.

    Files: train_list.txt, val_list.txt, test_list.txt, raw-captions.pkl: video -> lists of tokens, joined by spaces.
    """

    set_name: ClassVar[str] = "video/msvd"
    split_names: ClassVar[tuple[str, ...]] = ("test", "train", "val")

    def files_of(self, split: str) -> Sequence[str]:
        """The list of the split's videos, and the captions of all."""
        return (f"{split}_list.txt", CAPTIONS)

    def captions(self, split: str) -> Sequence[Caption]:
        """Return all captions of the split's videos, video after video."""
        listed, path = self.folder / f"{split}_list.txt", self.folder / CAPTIONS
        texts, found = read_plain_pickle(path), []
        for number, video_id in enumerate(read_lines(listed), start=1):
            if not isinstance(texts, dict) or video_id not in texts:
                raise CollectionError(f"{listed}:{number}: {path.name} has no caption of video {video_id!r}")
            for tokens in texts[video_id]:
                if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
                    raise CollectionError(f"{path}: a caption of {video_id!r} is no list of tokens")
                found.append((video_id, " ".join(tokens), f"{listed}:{number}"))
        return numbered(found)


class _PlainUnpickler(pickle.Unpickler):
    """Reads dictionaries, lists, numbers and texts. Whatever else a pickle can hold begins by finding a class."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"it wants {module}.{name}, and a file of captions needs no class")


def read_plain_pickle(path: Path) -> Any:
    """Read a pickle of plain containers; no code of the file's choosing runs. Raises CollectionError."""
    try:
        with path.open("rb") as file:
            return _PlainUnpickler(file, encoding="utf-8").load()
    except Exception as error:  # a damaged pickle fails in whatever its bytes happen to say
        raise CollectionError(f"{path}: cannot be read as a pickle of plain containers: {error}") from error
