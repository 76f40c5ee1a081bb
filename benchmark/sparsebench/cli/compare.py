"""`sparsebench compare SUITE`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from sparsebench.cli.comparison import COMPARISON_FORMATS, render_as
from sparsebench.cli.exits import Exit
from sparsebench.cli.options import LEADERBOARDS, only_option, results_options
from sparsebench.cli.output import count, write_or_print
from sparsebench.cli.results import published_of, results_of
from sparsebench.errors import StoreError, did_you_mean
from sparsebench.leaderboard import Board, read_board, read_published
from sparsebench.leaderboard.board import chosen, first_measures, measures_of
from sparsebench.leaderboard.significance import compared
from sparsebench.measures import canonical
from sparsebench.records.evidence import Evidence, PublishedEvidence, RunsEvidence


@click.command("compare")
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
    from sparsebench.statistics import Settings

    board, evidence = (
        _published(suite) if published else _computed(suite, runs, overrides=overrides, limit_queries=limit_queries)
    )
    board = chosen(board, only)
    if len(board.rows) < 2:
        click.echo(f"{board.suite} has {count(len(board.rows), 'row')}: nothing to compare")
        return Exit.OK
    board = _with_baseline(board, baseline)
    measures = first_measures(board) if measure is None else _having(board, measure)
    comparison = compared(board, evidence, measures=measures, settings=Settings(margin=margin))
    if comparison is None:
        raise StoreError(
            f"{suite}: {' + '.join(board.index.baseline or ())} has no per-query values whose means could be compared "
            f"by {', '.join(dict.fromkeys(measures.values()))}. `sparsebench run {suite}` computes what is missing; "
            "--baseline names another row, --measure another measure (not a median or a count)."
        )
    write_or_print(render_as(form, board, comparison, all_pairs=all_pairs), output)
    return Exit.OK


def _published(suite: str) -> tuple[Board, Evidence]:
    results = published_of(suite)
    return read_published(LEADERBOARDS, results.name), PublishedEvidence(results.folder)


def _computed(suite: str, runs: Path, *, overrides: Sequence[str], limit_queries: int | None) -> tuple[Board, Evidence]:
    folder = results_of(suite, runs, overrides=overrides, limit_queries=limit_queries).folder
    return read_board(folder), RunsEvidence([folder])


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
