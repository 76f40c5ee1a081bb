"""Frames of an item as images: which ones a model asks for, and only these are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sparsebench.errors import ModelError
from sparsebench.media.item import MediaItem
from sparsebench.media.timeline import Timeline
from sparsebench.media.video import decoded_frames, read_timeline

Choice = Callable[[Timeline], Sequence[int]]
"""The frames of a timeline that a model looks at, ascending; one may be there several times."""


@dataclass(frozen=True)
class _Chosen:
    """Decoded frames. found: frame number -> image. total: how many there are."""

    found: dict[int, np.ndarray]
    total: int


def chosen_frames(item: MediaItem, choose: Choice) -> list[np.ndarray]:
    """Frames of a video, of a folder of frames (taken for one a second) or of an image, each (height, width, 3) RGB.

    Raises ModelError with the item's name where it does not decode, has no frame, ends early, or where none is chosen.
    """
    if item.form == "video":
        return _of_video(item, choose)
    files = item.frame_files
    return [_image(item, files[number]) for number in _numbers(item, choose, Timeline(len(files), 1.0, item.span))]


def _numbers(item: MediaItem, choose: Choice, timeline: Timeline) -> list[int]:
    if timeline.frames == 0:
        raise ModelError(f"{item.path} ({item.item_id}) has no frame")
    numbers = list(choose(timeline))
    if not numbers:
        raise ModelError(f"{item.path} ({item.item_id}): no frame is left of {timeline.frames} after sampling")
    if not 0 <= min(numbers) <= max(numbers) < timeline.frames:
        raise ModelError(f"{item.path} ({item.item_id}): frame {max(numbers)} was asked for, of {timeline.frames}")
    return numbers


def _of_video(item: MediaItem, choose: Choice) -> list[np.ndarray]:
    """A container may promise a frame or two that do not come; the authors read up to the first that cannot be read.

    So the frames are chosen again among those that came, unless more than a second of them is missing: that is a
    damaged file, and its score would be that of another video.
    """
    timeline = read_timeline(item)
    numbers = _numbers(item, choose, timeline)
    images, decoded = decoded_frames(item, set(numbers))
    if decoded < timeline.frames and not set(numbers) <= images.keys():
        if timeline.frames - decoded > max(timeline.fps, 1.0):
            raise ModelError(
                f"{item.path} ({item.item_id}) decodes to {decoded} of its {timeline.frames} frames; the file is "
                "damaged or cut short"
            )
        numbers = _numbers(item, choose, Timeline(decoded, timeline.fps, item.span))
        images, _ = decoded_frames(item, set(numbers))
    return [images[number] for number in numbers]


def _image(item: MediaItem, path: Path) -> np.ndarray:
    from PIL import Image

    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except Exception as error:  # PIL has many ways to say that a file is no image
        raise ModelError(f"{path} ({item.item_id}) cannot be read as an image: {error}") from error
