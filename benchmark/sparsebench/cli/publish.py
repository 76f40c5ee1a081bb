"""`sparsebench publish SUITE`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import LEADERBOARDS, results_options
from sparsebench.cli.results import results_of
from sparsebench.leaderboard import publish, read_board


@click.command("publish")
@results_options
@click.option(
    "--to", type=click.Path(path_type=Path), default=LEADERBOARDS, show_default=True, help="Folder of tables."
)
def command(suite: str, to: Path, runs: Path, overrides: Sequence[str], limit_queries: int | None) -> int:
    """Put the leaderboard of SUITE and its records and per-query values into leaderboards/."""
    folder = results_of(suite, runs, overrides=overrides, limit_queries=limit_queries).folder
    page = publish(read_board(folder), folder, to)
    click.echo(f"written: {page}, {page.with_suffix('.html')} and {page.with_suffix('')}/")
    return Exit.OK
