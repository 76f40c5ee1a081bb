"""`sparsebench plan SUITE`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import click
from tabulate import tabulate

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import example, suite_options
from sparsebench.cli.output import echo
from sparsebench.errors import NotAtHandError
from sparsebench.planning.overview import CellOverview, GroupOverview, ModelOverview, overview
from sparsebench.planning.session import Session, open_session
from sparsebench.records import short
from sparsebench.registry import discover
from sparsebench.suite import load_suite

CELL_HEADERS = ("collection", "model", "postprocessor", "sees", "cell", "key", "because")
MODEL_HEADERS = ("model", "as its authors ran it", "trained on")
GROUP_HEADERS = ("collection", "model", "documents to encode", "likely seconds")


@click.command("plan", epilog=example("sparsebench plan quickstart --only '*/bm25/*'"))
@suite_options
def command(**options: Any) -> int:
    """Show the cells of SUITE: what is cached, what is missing and why, how long it is likely to take.

    Computes nothing. When a collection or a checkpoint is not at hand yet, names the cells and what will be downloaded.
    """
    try:
        session = open_session(**options, fetch=False)
    except NotAtHandError as error:
        echo(_cells_by_name(options["suite"], options["overrides"], options["plugin_switches"]))
        echo(f"{error}\n`sparsebench fetch` gets what can be downloaded, as `run` does before anything else.")
        return Exit.OK
    found = overview(session)
    echo(tabulate([_cell(cell) for cell in found.cells], CELL_HEADERS, tablefmt="github"))
    groups = [_group(group) for group in found.groups]
    echo("\n" + tabulate(groups, GROUP_HEADERS, tablefmt="github", intfmt=",", missingval="not yet known"))
    if found.models:
        models = [_model(model) for model in found.models]
        echo("\n" + tabulate(models, MODEL_HEADERS, tablefmt="github"))
    todo = sum(not cell.cached for cell in found.cells)
    echo(f"\n{todo} of {len(found.cells)} cells to compute on {_devices(session)}. Store: {session.store.root}")
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


def _cell(cell: CellOverview) -> list[str]:
    state = "cached" if cell.cached else "to compute"
    return [cell.collection, cell.model, cell.postprocessor, cell.sees, state, short(cell.key), cell.because]


def _model(model: ModelOverview) -> list[str]:
    lengths = "; ".join(model.overrides)
    as_authors = f"{model.as_authors} ({lengths})" if lengths else model.as_authors
    return [model.model, as_authors, "not known" if model.trained_on is None else ", ".join(model.trained_on)]


def _group(group: GroupOverview) -> list[object]:
    seconds = None if group.seconds is None else f"{group.seconds:.0f}"
    return [group.collection, group.model, group.documents, seconds]
