"""The way from a suite's name to its plan, which all commands that compute share."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.device import choose_device
from benchmark.errors import SparsebenchError
from benchmark.fingerprint import digest
from benchmark.plan import Group, Plan, make_plan
from benchmark.progress import Progress, progress_for_terminal
from benchmark.registry import Registry
from benchmark.resolve import needs, require, resolve_collection
from benchmark.store import Store, default_root
from benchmark.suite import Suite, load_suite


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


def discover(plugin_switches: Sequence[str]) -> Registry:
    """The registry with the modules and files that `--plugin` names, without what `-p no:NAME` leaves out."""
    blocked = [switch.removeprefix("no:") for switch in plugin_switches if switch.startswith("no:")]
    extra = [switch for switch in plugin_switches if not switch.startswith("no:")]
    return Registry.discover(blocked=blocked, extra=extra)


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
    loaded = loaded.model_copy(update={"name": _name(loaded.name, overrides, limit_queries)})
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


def _name(suite: str, overrides: Sequence[str], limit_queries: int | None) -> str:
    """What is not the suite as written has a name, and so a leaderboard, of its own."""
    changed = f"-set-{digest(list(overrides))[:6]}" if overrides else ""
    sampled = f"-limit-{limit_queries}" if limit_queries else ""
    return f"{suite}{changed}{sampled}"


def select(plan: Plan, patterns: Sequence[str]) -> Plan:
    """The cells that match any pattern; all of them where there is none."""
    if not patterns:
        return plan
    groups = [
        replace(group, cells=tuple(cell for cell in group.cells if _matches(group, cell.spec.label, patterns)))
        for group in plan.groups
    ]
    chosen = tuple(group for group in groups if group.cells)
    if not chosen:
        names = "\n".join(f"  {cell_name(group, cell.spec.label)}" for group, cell in plan.cells)
        raise SparsebenchError(f"no cell matches {' '.join(patterns)}. There is:\n{names}")
    return replace(plan, groups=chosen)


def cell_name(group: Group, postprocessor: str) -> str:
    """How commands call a cell: collection/model/postprocessor, by label."""
    return "/".join((group.collection.spec.label, group.model.spec.label, postprocessor))


def _matches(group: Group, postprocessor: str, patterns: Sequence[str]) -> bool:
    names = (group.collection.spec.label, group.model.spec.label, postprocessor, cell_name(group, postprocessor))
    # A label of a grid has brackets, which a pattern reads as a set of characters.
    return any(name == pattern or fnmatch.fnmatchcase(name, pattern) for name in names for pattern in patterns)
