"""`sparsebench export SUITE`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import example, only_option, results_options
from sparsebench.cli.output import echo
from sparsebench.cli.results import results_of
from sparsebench.leaderboard import read_board
from sparsebench.leaderboard.board import chosen
from sparsebench.leaderboard.export import export


@click.command("export", epilog=example("sparsebench export quickstart --to exported"))
@results_options
@only_option
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write to.")
def command(
    suite: str, to: Path, runs: Path, overrides: Sequence[str], limit_queries: int | None, only: Sequence[str]
) -> int:
    """Write the results of SUITE for other tools: TREC runs with what they are measured against, and mteb's JSON.

    Beside each run, plain and compressed, lies its ir_metadata, beside the runs of a collection its judgments and its
    test queries: other tools leave out queries that a run does not answer unless they are told of them.
    """
    results = results_of(suite, runs, overrides=overrides, limit_queries=limit_queries)
    cells = export(chosen(read_board(results.folder), only), results.folder, to)
    if not cells:
        echo(f"{results.name} has no finished cell; there is nothing to export")
        return Exit.OK
    echo(f"written: {cells} runs with metadata, judgments and queries in {to / 'runs'}, their figures in {to / 'mteb'}")
    return Exit.OK
