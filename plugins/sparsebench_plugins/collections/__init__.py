"""Built-in collections: two small ones of our own, so that a suite runs without a download; text-video sets."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sparsebench import CollectionPlugin, hookimpl
from sparsebench_plugins.collections import video

MINI = Path(__file__).parent / "mini"


@hookimpl
def register_collections() -> Iterable[CollectionPlugin]:
    """Register both demonstrations, as folders in BEIR's layout, and readers of text-video sets."""
    return (
        CollectionPlugin("mini/web", MINI / "web", "everyday questions over short passages, graded 0 to 2"),
        CollectionPlugin("mini/science", MINI / "science", "scientific claims over passages like abstracts"),
        CollectionPlugin("video/csv", None, "a folder of clips and a csv of captions", video.VideoTable),
        CollectionPlugin("video/msrvtt-1ka", None, "MSR-VTT, the 1,000 pairs of JSFusion", video.MsrVtt1kA),
        CollectionPlugin("video/msrvtt", None, "MSR-VTT in its authors' splits", video.MsrVtt),
        CollectionPlugin("video/msvd", None, "MSVD", video.Msvd),
        CollectionPlugin("video/lsmdc", None, "LSMDC, 1,000 clips of films", video.Lsmdc),
        CollectionPlugin("video/didemo", None, "DiDeMo as paragraphs", video.DiDeMo),
        CollectionPlugin("video/activitynet", None, "ActivityNet Captions as paragraphs, val_1", video.ActivityNet),
    )
