"""LSMDC (Rohrbach et al. 2015): one sentence a clip of a film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sparsebench import CollectionError
from sparsebench_plugins.collections.video.captions import Caption, read_lines
from sparsebench_plugins.collections.video.source import VideoCollection

FILES = {
    "test": "LSMDC16_challenge_1000_publictect.csv",
    "train": "LSMDC16_annos_training.csv",
    "val": "LSMDC16_annos_val.csv",
}
COLUMNS = 6


@dataclass(frozen=True, kw_only=True)
class Lsmdc(VideoCollection):
    """LSMDC: 1,000 pairs to test, 101,079 to train.

    Files: LSMDC16_challenge_1000_publictect.csv, LSMDC16_annos_training.csv, LSMDC16_annos_val.csv: six columns between
    tabs, no header: clip, four times, text.
    """

    set_name: ClassVar[str] = "video/lsmdc"
    split_names: ClassVar[tuple[str, ...]] = tuple(FILES)

    def files_of(self, split: str) -> Sequence[str]:
        """One a split."""
        return (FILES[split],)

    def captions(self, split: str) -> Sequence[Caption]:
        """One a clip."""
        path, found, seen = self.folder / FILES[split], [], set()
        for number, line in enumerate(read_lines(path), start=1):
            columns = line.split("\t")
            if len(columns) != COLUMNS:
                raise CollectionError(
                    f"{path}:{number}: {COLUMNS} columns between tabs were expected, not {len(columns)}"
                )
            if columns[0] in seen:
                raise CollectionError(f"{path}:{number}: clip {columns[0]!r} is there twice")
            seen.add(columns[0])
            found.append(Caption(columns[0], columns[0], columns[-1], f"{path}:{number}"))
        return found
