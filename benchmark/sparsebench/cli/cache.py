"""`sparsebench cache`."""

from __future__ import annotations

from pathlib import Path

import click
from tabulate import tabulate

from sparsebench.cli.exits import Exit
from sparsebench.store import Store, default_root

store_option = click.option("--store", type=click.Path(path_type=Path), help="Another store.  [$SPARSEBENCH_STORE]")


@click.group("cache")
def command() -> None:
    """List the store, verify it, or empty it."""


@command.command("ls")
@store_option
def ls(store: Path | None) -> int:
    """What is kept, verified on the way: a damaged artefact is set aside and named."""
    place = Store(store or default_root())
    totals: dict[str, list[int]] = {}
    for artefact in place.artefacts():
        count = totals.setdefault(artefact.kind, [0, 0])
        count[0] += 1
        count[1] += artefact.size
    rows = [[kind, count, f"{size / 2**20:.1f}"] for kind, (count, size) in totals.items()]
    click.echo(f"{place.root}\n" + tabulate(rows, ["kind", "artefacts", "MiB"], tablefmt="github"))
    return Exit.OK


@command.command("clear")
@store_option
@click.confirmation_option(prompt="Delete every artefact? They can be made again, at the cost of their time.")
def clear(store: Path | None) -> int:
    """Delete every artefact. Records in runs/ are kept."""
    place = Store(store or default_root())
    artefacts = list(place.artefacts())
    for artefact in artefacts:
        place.remove(artefact)
    click.echo(f"{len(artefacts)} artefacts deleted from {place.root}")
    return Exit.OK
