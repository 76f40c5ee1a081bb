"""`sparsebench cache`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from tabulate import tabulate

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import dry_run_option, example, plugin_options, store_option
from sparsebench.cli.output import count, echo, mebibytes
from sparsebench.planning.named import Named
from sparsebench.planning.several import plans_of
from sparsebench.store import Store, default_root


@click.group("cache", epilog=example("sparsebench cache ls"))
def command() -> None:
    """List the store, verify it, prune or empty it."""


@command.command("ls", epilog=example("sparsebench cache ls"))
@store_option
def ls(store: Path | None) -> int:
    """List what is kept, and verify it on the way: a damaged artefact is set aside and named."""
    place = Store(store or default_root())
    totals: dict[str, list[int]] = {}
    for artefact in place.artefacts():
        count = totals.setdefault(artefact.kind, [0, 0])
        count[0] += 1
        count[1] += artefact.size
    rows = [[kind, count, f"{size / 2**20:.1f}"] for kind, (count, size) in totals.items()]
    echo(f"{place.root}\n" + tabulate(rows, ["kind", "artefacts", "MiB"], tablefmt="github"))
    return Exit.OK


@command.command("clear", epilog=example("sparsebench cache clear --yes"))
@store_option
@click.confirmation_option(prompt="Delete every artefact? They can be made again, at the cost of their time.")
def clear(store: Path | None) -> int:
    """Delete every artefact. Records in runs/ are kept."""
    place = Store(store or default_root())
    artefacts = list(place.artefacts())
    for artefact in artefacts:
        place.remove(artefact)
    place.sweep()
    echo(f"{count(len(artefacts), 'artefact')} deleted from {place.root}")
    return Exit.OK


@command.command("prune", epilog=example("sparsebench cache prune mine.yaml --dry-run"))
@click.argument("suites", nargs=-1)
@store_option
@plugin_options
@dry_run_option
@click.option("--yes", is_flag=True, help="Ask nothing.")
def prune(suites: Sequence[str], store: Path | None, plugin_switches: Sequence[str], dry_run: bool, yes: bool) -> int:
    """Delete vectors, features, scores and corpora that none of SUITES names, and what `sweep` deletes.

    SUITES are names or paths; where none is given, all that `sparsebench suites` lists and that are at hand. Vectors
    are named by the model, its code, the libraries and the device as they are today. Trained checkpoints stay.
    """
    place = Store(store or default_root())
    kept, passed_over = plans_of(suites, place, plugin_switches)
    found = Named.by(kept.groups).unnamed(place.artefacts())
    told = f"{count(len(found), 'artefact')}, {mebibytes(sum(each.size for each in found))} MiB, in {place.root}"
    echo("\n".join([f"named by: {', '.join(kept.names) or 'no suite'}", *passed_over]))
    if dry_run:
        echo(f"would be deleted: {told}")
        return Exit.OK
    if found and not yes:
        click.confirm(f"Delete {told}? They can be made again, at the cost of their time.", abort=True)
    for artefact in found:
        place.remove(artefact)
    echo(f"deleted: {told}; {mebibytes(place.sweep())} MiB swept")
    return Exit.OK


@command.command("sweep", epilog=example("sparsebench cache sweep"))
@store_option
def sweep(store: Path | None) -> int:
    """Delete what kills left behind and what was set aside as damaged; no whole artefact is touched."""
    place = Store(store or default_root())
    echo(f"{mebibytes(place.sweep())} MiB freed in {place.root}")
    return Exit.OK
