"""One clip, image or row of features, and what names its content."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from sparsebench.media.features import FeatureFile, FrameFeatures
from sparsebench.media.names import natural
from sparsebench.provenance.digests import digest, file_digest
from sparsebench.types import Json

Form = Literal["video", "frames", "image", "features"]

IMAGES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")


@dataclass(frozen=True)
class MediaItem:
    """An item of a collection that is looked at rather than read.

    item_id: as the collection names it.
    form: a video file, a folder of frames, an image (a video of one frame), or features of frames.
    path: that file or folder.
    row: of the item in a file of features.
    span: first and last second that count, None for all of them.

    Example: `MediaItem("video7010", "video", Path("clips/video7010.mp4"))`.
    """

    item_id: str
    form: Form
    path: Path
    row: int | None = None
    span: tuple[float, float] | None = None

    @property
    def frame_files(self) -> list[Path]:
        """The images of a folder of frames, 2.jpg before 10.jpg; the image itself where it is one."""
        if self.form == "image":
            return [self.path]
        return sorted((path for path in self.path.iterdir() if path.suffix.lower() in IMAGES), key=natural)

    def features(self) -> FrameFeatures:
        """Read its row of a file of features. Raises ModelError for a row that is not finite, or all masked."""
        assert self.row is not None, "only a file of features has rows"
        return FeatureFile.open(self.path).row(self.row, self.item_id)

    @cached_property
    def content(self) -> Json:
        """Return the digests that name its content, whatever its files are called, and the seconds that count."""
        if self.form == "features":
            named: Json = self.features().digest()
        elif self.form == "frames":
            named = digest([file_digest(path) for path in self.frame_files])
        else:
            named = file_digest(self.path)
        return [named, list(self.span)] if self.span else [named]
