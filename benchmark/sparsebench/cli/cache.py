"""`sparsebench cache`."""

from __future__ import annotations

from pathlib import Path

import click
from tabulate import tabulate

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import store_option
from sparsebench.cli.output import count
from sparsebench.store import Store, default_root


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
    place.sweep()
    click.echo(f"{count(len(artefacts), 'artefact')} deleted from {place.root}")
    return Exit.OK


@command.command("sweep")
@store_option
def sweep(store: Path | None) -> int:
    """Delete what kills left behind and what was set aside as damaged; no whole artefact is touched."""
    place = Store(store or default_root())
    click.echo(f"{place.sweep() / 2**20:.1f} MiB freed in {place.root}")
    return Exit.OK
