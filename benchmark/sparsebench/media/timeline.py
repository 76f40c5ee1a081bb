"""Timeline of a video: its number of frames and how fast they pass."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Timeline:
    """The frames of an item that can be chosen.

    frames: how many. fps: frames a second. span: first and last second that count, None for all.

    Example:
        >>> Timeline(frames=250, fps=25.0).frames
        250
    """

    frames: int
    fps: float
    span: tuple[float, float] | None = None
