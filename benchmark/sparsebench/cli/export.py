"""`sparsebench export SUITE`."""

from __future__ import annotations

from pathlib import Path

import click

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import runs_option
from sparsebench.leaderboard import read_board
from sparsebench.leaderboard.export import export


@click.command("export")
@click.argument("suite")
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write to.")
@runs_option
def command(suite: str, to: Path, runs: Path) -> int:
    """Write the results of SUITE for other tools: TREC runs with ir_metadata beside them, and mteb's JSON."""
    cells = export(read_board(runs / suite), runs / suite, to)
    if not cells:
        click.echo(f"{suite} has no finished cell; there is nothing to export")
        return Exit.NOTHING
    click.echo(f"written: {cells} runs with their metadata in {to / 'runs'}, their figures in {to / 'mteb'}")
    return Exit.OK
