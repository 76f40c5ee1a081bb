"""Built-in collections: two small ones of our own, so that a suite runs without a download."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sparsebench import CollectionPlugin, hookimpl

MINI = Path(__file__).parent / "mini"


@hookimpl
def register_collections() -> Iterable[CollectionPlugin]:
    """Both demonstrations, as folders in BEIR's layout."""
    return (
        CollectionPlugin("mini/web", MINI / "web", "everyday questions over short passages, graded 0 to 2"),
        CollectionPlugin("mini/science", MINI / "science", "scientific claims over passages like abstracts"),
    )
