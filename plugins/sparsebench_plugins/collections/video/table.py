"""Any folder of clips with a csv of captions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sparsebench import CollectionError
from sparsebench_plugins.collections.video.captions import Caption, numbered, read_csv
from sparsebench_plugins.collections.video.source import VideoCollection


@dataclass(frozen=True, kw_only=True)
class VideoTable(VideoCollection):
    """A csv file with a header: a column of videos, one of captions, and where there are several splits one of these.

    A video may have several captions, each on a line of its own.
    """

    file: str = "captions.csv"
    """Name of the file in the folder."""
    video: str = "video"
    """The column of the video's id: the name of its file without .mp4."""
    caption: str = "caption"
    """The column of the text."""
    split_column: str | None = "split"
    """The column that says `train`, `val` or `test`; null where the file has none, and every line is tested."""

    set_name: ClassVar[str] = "video/csv"
    split_names: ClassVar[tuple[str, ...]] = ("test", "train", "val")

    def files_of(self, split: str) -> Sequence[str]:
        """One for all."""
        return (self.file,)

    def splits(self) -> Sequence[str]:
        """List the splits that a line is of."""
        return [name for name in super().splits() if self.captions(name)]

    def captions(self, split: str) -> Sequence[Caption]:
        """Lines of the split, in their order."""
        path, column, found = self.folder / self.file, self.split_column, []
        for row, where in read_csv(path, [self.video, self.caption, *([column] if column else [])]):
            of = row[column].strip() if column else "test"
            if of not in self.split_names:
                raise CollectionError(f"{where}: split {of!r}; there is: {', '.join(self.split_names)}")
            if not (name := row[self.video].strip()):
                raise CollectionError(f"{where}: no video is named")
            if len(name.split()) > 1:
                raise CollectionError(
                    f"{where}: the video {name!r} has white space, which a TREC run cannot hold; rename it and its clip"
                )
            if not row[self.caption].strip():
                raise CollectionError(f"{where}: video {name!r} has an empty caption; write one, or leave the line out")
            if of == split:
                found.append((name, row[self.caption].strip(), where))
        return numbered(found)
