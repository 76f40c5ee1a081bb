"""Videos through PyAV, the extra `video`."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from sparsebench.errors import ModelError
from sparsebench.media.item import MediaItem
from sparsebench.media.timeline import Timeline


def decoder_versions() -> dict[str, str]:
    """Versions of the libraries that turn files into pixels, of those that are installed; part of keys."""
    found = {}
    for name in ("av", "pillow"):
        with suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def read_timeline(item: MediaItem) -> Timeline:
    """Count the frames of a video by its packets, which decodes nothing.

    Raises ModelError where it cannot be read, and where more than a second is missing of what its header promises.
    """
    with _stream(item) as (container, stream):
        rate = stream.average_rate or stream.guessed_rate
        if not rate:
            raise ModelError(f"{item.path} ({item.item_id}) does not say how many frames a second it has")
        frames, promised = sum(packet.size > 0 for packet in container.demux(stream)), stream.frames
    if promised - frames > max(float(rate), 1.0):
        raise ModelError(
            f"{item.path} ({item.item_id}) holds {frames} of the {promised} frames that it says it has; the file is "
            "damaged or cut short"
        )
    return Timeline(frames, float(rate), item.span)


def decoded_frames(item: MediaItem, wanted: set[int]) -> tuple[dict[int, np.ndarray], int]:
    """Frames by number, each (height, width, 3) RGB, and how many were decoded: no further than the last wanted."""
    images: dict[int, np.ndarray] = {}
    last, count = max(wanted), 0
    with _stream(item) as (container, stream):
        stream.thread_type = "AUTO"
        for number, frame in enumerate(container.decode(stream)):
            if number in wanted:
                images[number] = frame.to_ndarray(format="rgb24")
            count = number + 1
            if number == last:
                break
    return images, count


@contextmanager
def _stream(item: MediaItem) -> Iterator[tuple[Any, Any]]:
    """The video stream of a file. Raises ModelError where PyAV is not there, and where the file does not decode."""
    try:
        import av
    except ImportError as error:
        raise ModelError(
            f"{item.path.name} is a video, and PyAV, which decodes it, is not installed: "
            "pip install 'sparsebench[video]', or give a folder of frames"
        ) from error
    try:
        with av.open(str(item.path)) as container:
            if not container.streams.video:
                raise ModelError(f"{item.path} ({item.item_id}) has no video stream")
            yield container, container.streams.video[0]
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise ModelError(f"{item.path} ({item.item_id}) does not decode: {error}") from error
