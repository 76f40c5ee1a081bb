"""`sparsebench compare SUITE`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from sparsebench.cli.comparison import COMPARISON_FORMATS, render_as
from sparsebench.cli.exits import Exit
from sparsebench.cli.options import LEADERBOARDS, example, only_option, results_options
from sparsebench.cli.output import count, echo, write_or_print
from sparsebench.cli.results import published_of, results_of
from sparsebench.leaderboard import Board, read_board, read_published
from sparsebench.leaderboard.asked import compare_rows
from sparsebench.leaderboard.board import chosen
from sparsebench.leaderboard.published import published_evidence
from sparsebench.records.evidence import Evidence, RunsEvidence


@click.command(
    "compare",
    epilog=example(
        "sparsebench compare quickstart --only '*/none' --format latex --output table.tex",
    ),
)
@results_options
@only_option
@click.option("--baseline", metavar="MODEL+POSTPROCESSOR", help="The row to compare with.  [default: the suite's]")
@click.option("--measure", metavar="NAME", help="What to compare by.  [default: the first of each collection]")
@click.option("--all-pairs", is_flag=True, help="Also compare every pair of rows.")
@click.option(
    "--margin",
    type=click.FloatRange(min=0, min_open=True),
    help="Also test whether rows are equivalent to the baseline within this difference; choose it before you look.",
)
@click.option("--published", is_flag=True, help=f"Read {LEADERBOARDS}/ instead of the runs.")
@click.option("--format", "form", type=click.Choice(COMPARISON_FORMATS), default="md", show_default=True,
              help="How it is written.")  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
def command(
    suite: str,
    baseline: str | None,
    measure: str | None,
    all_pairs: bool,
    margin: float | None,
    published: bool,
    runs: Path,
    overrides: Sequence[str],
    limit_queries: int | None,
    only: Sequence[str],
    form: str,
    output: Path | None,
) -> int:
    """Test every row of SUITE against a baseline, query by query, from its records alone."""
    board, evidence = (
        _published(suite) if published else _computed(suite, runs, overrides=overrides, limit_queries=limit_queries)
    )
    board = chosen(board, only)
    if len(board.rows) < 2:
        echo(f"{board.suite} has {count(len(board.rows), 'row')}: nothing to compare")
        return Exit.OK
    board, comparison = compare_rows(board, evidence, baseline=baseline, measure=measure, margin=margin)
    write_or_print(render_as(form, board, comparison, all_pairs=all_pairs), output)
    return Exit.OK


def _published(suite: str) -> tuple[Board, Evidence]:
    board = read_published(LEADERBOARDS, published_of(suite).name)
    return board, published_evidence(LEADERBOARDS, board)


def _computed(suite: str, runs: Path, *, overrides: Sequence[str], limit_queries: int | None) -> tuple[Board, Evidence]:
    folder = results_of(suite, runs, overrides=overrides, limit_queries=limit_queries).folder
    return read_board(folder), RunsEvidence([folder])
