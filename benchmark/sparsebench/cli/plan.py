"""`sparsebench plan SUITE`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import click
from tabulate import tabulate

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import suite_options
from sparsebench.errors import NotAtHandError
from sparsebench.planning import Group, finished, missing_documents
from sparsebench.planning.estimate import estimate_seconds
from sparsebench.planning.session import Session, open_session
from sparsebench.registry import discover
from sparsebench.suite import load_suite


@click.command("plan")
@suite_options
def command(**options: Any) -> int:
    """Show the cells of SUITE: what is cached, what is missing, how long it is likely to take. Computes nothing.

    When a collection or a checkpoint is not at hand yet, names the cells and what will be downloaded.
    """
    try:
        session = open_session(**options, fetch=False)
    except NotAtHandError as error:
        click.echo(_cells_by_name(options["suite"], options["overrides"], options["plugin_switches"]))
        click.echo(f"{error}\n`sparsebench fetch` gets what can be downloaded, as `run` does before anything else.")
        return Exit.OK
    rows = [row for group in session.plan.groups for row in _rows(session, group)]
    click.echo(tabulate(rows, ["collection", "model", "postprocessor", "sees", "cell", "key"], tablefmt="github"))
    groups = [_group(session, group) for group in session.plan.groups]
    headers = ["collection", "model", "documents to encode", "likely seconds"]
    click.echo("\n" + tabulate(groups, headers, tablefmt="github", intfmt=",", missingval="not yet known"))
    todo = sum(finished(session.folder, cell) is None for _, cell in session.plan.cells)
    click.echo(
        f"\n{todo} of {len(session.plan.cells)} cells to compute on {_devices(session)}. Store: {session.store.root}"
    )
    return Exit.OK


def _cells_by_name(suite: str, overrides: Sequence[str], plugin_switches: Sequence[str]) -> str:
    """The cells of a suite whose keys cannot be known yet."""
    loaded = load_suite(suite, discover(plugin_switches), overrides)
    names = (
        "/".join(spec.label for spec in cell)
        for cell in product(loaded.collections, loaded.models, loaded.postprocessors)
    )
    return "\n".join(names)


def _devices(session: Session) -> str:
    same = session.device == session.search_device
    return session.device if same else f"{session.device}, searched on {session.search_device}"


def _rows(session: Session, group: Group) -> list[list[str]]:
    return [
        [
            group.collection.spec.label,
            group.model.spec.label,
            cell.spec.label,
            cell.registered.plugin.factory.sees,
            "cached" if finished(session.folder, cell) else "to compute",
            cell.key[:16],
        ]
        for cell in group.cells
    ]


def _group(session: Session, group: Group) -> list[object]:
    missing = missing_documents(group, session.store)
    estimate = estimate_seconds(group, missing, session.store)
    return [
        group.collection.spec.label,
        group.model.spec.label,
        missing,
        None if estimate is None else f"{estimate:.0f}",
    ]
