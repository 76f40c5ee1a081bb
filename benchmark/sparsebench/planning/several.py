"""Plan many suites at once, as far as they are at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sparsebench.errors import SparsebenchError
from sparsebench.planning.plan import Group
from sparsebench.planning.session import open_session
from sparsebench.store import Store
from sparsebench.suite import list_suites

DEVICES = ("cpu", "auto")
"""On both: a store holds the vectors of either."""


@dataclass(frozen=True)
class Several:
    """Names of suites, and the groups of all."""

    names: tuple[str, ...]
    groups: tuple[Group, ...]


def plans_of(suites: Sequence[str], store: Store, plugin_switches: Sequence[str]) -> tuple[Several, list[str]]:
    """Plan suites on all devices here: those asked for, else all that have a name.

    Second comes a line for each of the latter that cannot be planned, with the reason. Raises SparsebenchError where
    one cannot that was asked for by name.
    """
    names, groups, passed_over = [], list[Group](), []
    for suite in suites or [*list_suites()]:
        try:
            groups += [group for device in DEVICES for group in _groups(suite, device, store, plugin_switches)]
            names.append(suite)
        except SparsebenchError as error:
            if suites:
                raise
            passed_over.append(f"passed over: {suite} ({str(error).splitlines()[0]})")
    return Several(tuple(names), tuple(groups)), passed_over


def _groups(suite: str, device: str, store: Store, plugin_switches: Sequence[str]) -> tuple[Group, ...]:
    session = open_session(
        suite=suite,
        overrides=(),
        only=(),
        limit_queries=None,
        device=device,
        search_device="auto",
        offline=True,
        store=store.root,
        runs=Path("runs"),
        plugin_switches=plugin_switches,
        fetch=False,
    )
    return session.plan.groups
