"""Choose the frames of a video that each system looks at, from the authors' own code."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sparsebench.media import Timeline


def one_a_second(timeline: Timeline, *, limit: int, whole: Callable[[float], int] = int) -> list[int]:
    """The first frame of each second, then `limit` of these at even distances, rounded down.

    whole: what makes frames a second a whole number: int in CLIP4Clip and X-CLIP (OpenCV), round in DRL (decord).

    Example: `one_a_second(Timeline(100, 25.0), limit=12)` is `[0, 25, 50, 75]`.
    """
    step = max(1, whole(timeline.fps))
    first, last = (0.0, np.inf) if timeline.span is None else timeline.span
    seconds = range(int(first) * step, timeline.frames, step)
    found = [frame for frame in seconds if frame <= last * step]
    if len(found) <= limit:
        return found
    return [found[place] for place in np.linspace(0, len(found) - 1, num=limit, dtype=int)]


def evenly(timeline: Timeline, *, count: int) -> list[int]:
    """Choose frames as BLIP does: `i * floor(n / count)`, so that fewer than `count` frames give the first one each
    time.

    numpy's arange of a fractional step with dtype=int steps by whole numbers; the authors' figures carry that.

    Example: `evenly(Timeline(100, 25.0), count=8)` is `[0, 12, 24, 36, 48, 60, 72, 84]`.
    """
    step = timeline.frames // count
    return [place * step for place in range(count)]
