"""A comparison with another baseline or by another measure than a suite's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sparsebench.errors import StoreError, did_you_mean
from sparsebench.leaderboard.board import Board, first_measures, measures_of
from sparsebench.leaderboard.significance import compared
from sparsebench.measures import canonical
from sparsebench.records.evidence import Evidence

if TYPE_CHECKING:
    from sparsebench.statistics import Comparison


def compare_rows(
    board: Board,
    evidence: Evidence,
    *,
    baseline: str | None = None,
    measure: str | None = None,
    margin: float | None = None,
) -> tuple[Board, Comparison]:
    """Return the board with the baseline that is asked for, and every row compared with it.

    baseline: "model+postprocessor". measure: in the place of the first of each collection. margin: of equivalence.
    Raises StoreError for a row or a measure that is not there, and where nothing can be compared.
    """
    from sparsebench.statistics import Settings

    board = _with_baseline(board, baseline)
    measures = measures_by(board, measure)
    comparison = compared(board, evidence, measures=measures, settings=Settings(margin=margin))
    if comparison is None:
        raise StoreError(
            f"{board.suite}: {' + '.join(board.index.baseline or ())} has no per-query values whose means could be "
            f"compared by {', '.join(dict.fromkeys(measures.values()))}. `sparsebench run {board.suite}` computes what "
            "is missing; --baseline names another row, --measure another measure (not a median or a count)."
        )
    return board, comparison


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


def measures_by(board: Board, asked: str | None) -> dict[str, str]:
    """Return collection -> the measure asked for, where it was measured; by default the first of each.

    Raises StoreError for a measure of no collection.
    """
    if asked is None:
        return first_measures(board)
    name = canonical(asked)
    known = {label: measures_of(record) for label, record in board.collections.items()}
    found = {label: name for label, names in known.items() if name in names}
    if not found:
        measured = {each for names in known.values() for each in names}
        raise StoreError(f"{board.suite} was not measured by {asked!r}.{did_you_mean(name, measured)}")
    return found
