"""`sparsebench compare SUITE`."""

from __future__ import annotations

from pathlib import Path

import click

from sparsebench.cli.comparison import render
from sparsebench.cli.exits import Exit
from sparsebench.cli.options import LEADERBOARDS, runs_option
from sparsebench.leaderboard import read_board, read_published
from sparsebench.leaderboard.asked import compare_rows
from sparsebench.records.evidence import PublishedEvidence, RunsEvidence


@click.command("compare")
@click.argument("suite")
@click.option("--baseline", metavar="MODEL+POSTPROCESSOR", help="The row to compare with.  [default: the suite's]")
@click.option("--measure", metavar="NAME", help="What to compare by.  [default: the first of each collection]")
@click.option("--all-pairs", is_flag=True, help="Also compare every pair of rows.")
@click.option(
    "--margin",
    type=click.FloatRange(min=0, min_open=True),
    help="Also test whether rows are equivalent to the baseline within this difference; choose it before you look.",
)
@click.option("--published", is_flag=True, help=f"Read {LEADERBOARDS}/ instead of the runs.")
@runs_option
def command(
    suite: str,
    baseline: str | None,
    measure: str | None,
    all_pairs: bool,
    margin: float | None,
    published: bool,
    runs: Path,
) -> int:
    """Test every row of SUITE against a baseline, query by query, from its records alone."""
    board = read_published(LEADERBOARDS, suite) if published else read_board(runs / suite)
    evidence = PublishedEvidence(LEADERBOARDS / suite) if published else RunsEvidence([runs / suite])
    if len(board.rows) < 2:
        click.echo(f"{suite} has {len(board.rows)} rows: nothing to compare")
        return Exit.NOTHING
    board, comparison = compare_rows(board, evidence, baseline=baseline, measure=measure, margin=margin)
    click.echo(render(board, comparison, all_pairs=all_pairs))
    return Exit.OK
