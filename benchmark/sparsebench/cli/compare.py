"""`sparsebench compare SUITE`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from sparsebench.cli.comparison import render
from sparsebench.cli.exits import Exit
from sparsebench.cli.options import LEADERBOARDS, runs_option
from sparsebench.errors import StoreError, did_you_mean
from sparsebench.leaderboard import Board, read_board, read_published
from sparsebench.leaderboard.board import first_measures, measures_of
from sparsebench.leaderboard.published import published_evidence
from sparsebench.leaderboard.significance import compared
from sparsebench.measures import canonical
from sparsebench.records.evidence import RunsEvidence


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
    from sparsebench.statistics import Settings

    board = read_published(LEADERBOARDS, suite) if published else read_board(runs / suite)
    evidence = published_evidence(LEADERBOARDS, board) if published else RunsEvidence([runs / suite])
    if len(board.rows) < 2:
        click.echo(f"{suite} has {len(board.rows)} rows: nothing to compare")
        return Exit.NOTHING
    board = _with_baseline(board, baseline)
    measures = first_measures(board) if measure is None else _having(board, measure)
    comparison = compared(board, evidence, measures=measures, settings=Settings(margin=margin))
    if comparison is None:
        raise StoreError(
            f"{suite}: {' + '.join(board.index.baseline or ())} has no per-query values whose means could be compared "
            f"by {', '.join(dict.fromkeys(measures.values()))}. `sparsebench run {suite}` computes what is missing; "
            "--baseline names another row, --measure another measure (not a median or a count)."
        )
    click.echo(render(board, comparison, all_pairs=all_pairs))
    return Exit.OK


def _with_baseline(board: Board, asked: str | None) -> Board:
    """The board with the baseline that is asked for, or its own."""
    rows = {f"{row.model}+{row.postprocessor}": (row.model, row.postprocessor) for row in board.rows}
    if asked is None:
        if board.index.baseline is None:
            raise StoreError(f"{board.suite} names no baseline. Name one with --baseline.{did_you_mean('', rows)}")
        return board
    name = asked.replace(" + ", "+")
    if name not in rows:
        raise StoreError(f"{board.suite} has no row {asked!r}.{did_you_mean(name, rows)}")
    return replace(board, index=board.index.model_copy(update={"baseline": rows[name]}))


def _having(board: Board, asked: str) -> dict[str, str]:
    """Collection -> the measure asked for, where it was measured."""
    name = canonical(asked)
    known = {label: measures_of(record) for label, record in board.collections.items()}
    found = {label: name for label, names in known.items() if name in names}
    if not found:
        measured = {each for names in known.values() for each in names}
        raise StoreError(f"{board.suite} was not measured by {asked!r}.{did_you_mean(name, measured)}")
    return found
