"""`sparsebench publish SUITE`."""

from __future__ import annotations

from pathlib import Path

import click

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import LEADERBOARDS, runs_option
from sparsebench.leaderboard import publish, read_board


@click.command("publish")
@click.argument("suite")
@click.option(
    "--to", type=click.Path(path_type=Path), default=LEADERBOARDS, show_default=True, help="Folder of tables."
)
@runs_option
def command(suite: str, to: Path, runs: Path) -> int:
    """Put the leaderboard of SUITE and its records and per-query values into leaderboards/."""
    page = publish(read_board(runs / suite), runs / suite, to)
    click.echo(f"written: {page} and {page.with_suffix('')}/")
    return Exit.OK
