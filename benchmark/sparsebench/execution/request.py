"""What is asked of a run, and what it comes to: what goes between processes before any task."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Request:
    """A suite and all that changes what it asks for: the options of the command line, as `open_session` takes them.

    Example: `Request(suite="quickstart", only=("*/bm25/*",))`.
    """

    suite: str
    overrides: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    limit_queries: int | None = None
    device: str = "auto"
    search_device: str = "auto"
    offline: bool = False
    store: Path | None = None
    runs: Path = Path("runs")
    plugin_switches: tuple[str, ...] = ()


@dataclass(frozen=True)
class Planned:
    """A plan, as far as whoever hands out its tasks has to know it.

    name: of the suite. folder: of its records. missing: of each group, the shards of documents that have no vectors.
    """

    name: str
    folder: Path
    missing: tuple[tuple[range, ...], ...]
