"""The request of a run and its plan, as exchanged between processes before any task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sparsebench.execution.tally import Measured, Tally

if TYPE_CHECKING:
    from sparsebench.statistics import Comparison


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
    before: of each cell that is finished, what was measured. done: what the run did, when it has ended; comparison:
    of its leaderboard's rows.
    """

    name: str
    folder: Path
    missing: tuple[tuple[range, ...], ...]
    before: Mapping[str, Measured] = field(default_factory=dict)
    done: Tally = field(default_factory=Tally)
    comparison: Comparison | None = None
