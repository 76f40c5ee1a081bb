"""Session of a command that computes: from a suite's name and options to its plan."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sparsebench.collection.read import require
from sparsebench.collection.resolved import resolve_collection
from sparsebench.device import check_device, choose_device, only_this_one
from sparsebench.errors import SparsebenchError, SuiteError
from sparsebench.planning.needs import needs
from sparsebench.planning.plan import Plan, make_plan
from sparsebench.planning.recall import recalled
from sparsebench.planning.select import select
from sparsebench.progress import Progress, progress_for_terminal
from sparsebench.registry import Registry, discover
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
    search_device: str
    progress: Progress

    def check_devices(self) -> None:
        """Raise SparsebenchError where torch cannot use what the plan asks for."""
        for device in {self.device, self.search_device}:
            check_device(device)

    @property
    def folder(self) -> Path:
        """Return the folder of the suite's records."""
        return self.runs / self.suite.name


def open_session(
    *,
    suite: str,
    overrides: Sequence[str],
    only: Sequence[str],
    limit_queries: int | None,
    device: str,
    search_device: str,
    offline: bool,
    store: Path | None,
    runs: Path,
    plugin_switches: Sequence[str],
    fetch: bool = True,
) -> Session:
    """Load the suite, make sure that all it names is at hand, and plan it.

    fetch: whether what is missing is downloaded first. Raises SparsebenchError with everything that is wrong.
    """
    chosen, searching = _devices(device, search_device)
    registry = discover(plugin_switches)
    loaded = _loaded(suite, registry, overrides, runs)
    loaded = loaded.model_copy(update={"name": variant_name(loaded.name, overrides, limit_queries)})
    progress, place = progress_for_terminal(), Store(store or default_root())
    models, parts = needs(loaded, registry)
    if fetch and not offline:
        for part in parts:
            part.fetch()
    require(parts)
    collections = [resolve_collection(spec, registry, place, progress, limit_queries) for spec in loaded.collections]
    plan = select(make_plan(loaded, registry, models, collections, chosen, searching), only)
    words = {"--set": overrides, "--limit-queries": [limit_queries] if limit_queries else [], "-p": plugin_switches}
    plan = replace(plan, command=_command(suite, words))
    return Session(loaded, plan, place, runs, chosen, searching, progress)


def _command(suite: str, words: Mapping[str, Sequence[object]]) -> str:
    """Return the command line that computes all cells of the plan."""
    options = (word for option, given in words.items() for each in given for word in (option, str(each)))
    return shlex.join(["sparsebench", "run", suite, *options])


def _loaded(suite: str, registry: Registry, overrides: Sequence[str], runs: Path) -> Suite:
    try:
        return load_suite(suite, registry, overrides)
    except SuiteError as error:
        raise SuiteError(f"{error}{recalled(suite, runs, registry)}") from error


def _devices(encoding: str, searching: str) -> tuple[str, str]:
    """Choose the devices that encode and search; `auto` searches where it encodes. All GPUs but one are then hidden."""
    chosen = choose_device(encoding)
    other = chosen if searching == "auto" else choose_device(searching)
    gpus = {device for device in (chosen, other) if device != "cpu"}
    if len(gpus) > 1:
        raise SparsebenchError(f"--device {chosen} and --search-device {other}: a run uses one GPU; name it in both")
    for gpu in gpus:
        one = only_this_one(gpu)
        chosen, other = (one if device == gpu else device for device in (chosen, other))
    return chosen, other
