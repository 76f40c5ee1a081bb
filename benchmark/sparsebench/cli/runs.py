"""`sparsebench runs`."""

from __future__ import annotations

import shutil
from pathlib import Path

import click
from tabulate import tabulate

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import dry_run_option, example, runs_option
from sparsebench.cli.output import count, echo, mebibytes, size_of
from sparsebench.cli.results import results_of
from sparsebench.records import INDEX_FILE
from sparsebench.records.unnamed import unnamed


@click.group("runs", epilog=example("sparsebench runs ls"))
def command() -> None:
    """List the results below runs/, or delete what their suites have no more."""


@command.command("ls", epilog=example("sparsebench runs ls"))
@runs_option
def ls(runs: Path) -> int:
    """List the suites that have results, their size, and how many folders `runs prune` would delete."""
    rows = [[folder.name, mebibytes(size_of([folder])), len(unnamed(folder))] for folder in _folders(runs)]
    echo(tabulate(rows, ["suite", "MiB", "folders to prune"], tablefmt="github", floatfmt=".1f"))
    return Exit.OK


@command.command("prune", epilog=example("sparsebench runs prune --dry-run", "sparsebench runs prune quickstart"))
@click.argument("suite", required=False)
@runs_option
@dry_run_option
def prune(suite: str | None, runs: Path, dry_run: bool) -> int:
    """Delete the cells and analyses that SUITE has no more; of all suites below runs/ where none is named.

    These are of parameters, code, libraries and devices that the last run of the suite did not have. Its own cells, its
    pages, what lies in leaderboards/, and every file that sparsebench did not write stay.
    """
    folders = [results_of(suite, runs).folder] if suite else _folders(runs)
    for folder in folders:
        found = unnamed(folder)
        size = size_of(found)
        for path in () if dry_run else found:
            shutil.rmtree(path, ignore_errors=True)
        verb = "would be deleted" if dry_run else "deleted"
        echo(f"{folder}: {count(len(found), 'folder')} {verb}, {mebibytes(size)} MiB")
    if not folders:
        echo(f"{runs} holds no results")
    return Exit.OK


def _folders(runs: Path) -> list[Path]:
    return sorted(path.parent for path in runs.glob(f"*/{INDEX_FILE}"))
