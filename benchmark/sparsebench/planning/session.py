"""The way from a suite's name to its plan, which all commands that compute share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sparsebench.collection.read import require
from sparsebench.collection.resolved import resolve_collection
from sparsebench.planning.needs import needs
from sparsebench.planning.plan import Plan, make_plan
from sparsebench.planning.select import select
from sparsebench.progress import Progress, progress_for_terminal
from sparsebench.provenance.device import choose_device
from sparsebench.registry import discover
from sparsebench.store import Store, default_root
from sparsebench.suite import Suite, load_suite, variant_name


@dataclass(frozen=True)
class Session:
    """A suite with everything it needs at hand."""

    suite: Suite
    plan: Plan
    store: Store
    runs: Path
    device: str
    progress: Progress

    @property
    def folder(self) -> Path:
        """Where the suite's records lie."""
        return self.runs / self.suite.name


def open_session(
    *,
    suite: str,
    overrides: Sequence[str],
    only: Sequence[str],
    limit_queries: int | None,
    device: str,
    offline: bool,
    store: Path | None,
    runs: Path,
    plugin_switches: Sequence[str],
    fetch: bool = True,
) -> Session:
    """Load the suite, make sure that all it names is at hand, and plan it.

    fetch: whether what is missing is downloaded first. Raises SparsebenchError with everything that is wrong.
    """
    registry = discover(plugin_switches)
    loaded = load_suite(suite, registry, overrides)
    loaded = loaded.model_copy(update={"name": variant_name(loaded.name, overrides, limit_queries)})
    progress, place = progress_for_terminal(), Store(store or default_root())
    models, parts = needs(loaded, registry)
    if fetch and not offline:
        for part in parts:
            part.fetch()
    require(parts)
    collections = [resolve_collection(spec, registry, place, progress, limit_queries) for spec in loaded.collections]
    chosen = choose_device(device)
    plan = select(make_plan(loaded, registry, models, collections, chosen), only)
    return Session(loaded, plan, place, runs, chosen, progress)
