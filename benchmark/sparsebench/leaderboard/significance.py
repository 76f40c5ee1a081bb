"""Compare the systems of a board with its baseline by `sparsebench.statistics`, for the tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sparsebench.leaderboard.board import Board, Row, first_measures, mean_groups
from sparsebench.measures import is_mean
from sparsebench.records.evidence import Evidence

if TYPE_CHECKING:
    from sparsebench.statistics import Cell, Comparison, Interval, MacroAverage, Settings

SIGNIFICANT = "†"
SIGNIFICANT_TOGETHER = "‡"  # for a row that sees `batch`: its queries were ranked together


def system_name(model: str, postprocessor: str) -> str:
    """Return a row's name in statistics."""
    return f"{model} + {postprocessor}"


def compared(
    board: Board, evidence: Evidence, *, measures: Mapping[str, str] | None = None, settings: Settings | None = None
) -> Comparison | None:
    """Compare every row with the baseline. measures: collection -> measure, by default the first of each collection.

    None where there is nothing to compare: no baseline, none of its per-query values, or one row alone. A record
    without per-query values is left out. Raises ScoreError when two rows have other queries of one collection.
    """
    if board.index.baseline is None or len(board.rows) < 2:
        return None
    means = {label: name for label, name in (measures or first_measures(board)).items() if is_mean(name)}
    found = {system_name(row.model, row.postprocessor): _values(row, means, evidence) for row in board.rows}
    values = {system: of for system, of in found.items() if of}
    baseline = system_name(*board.index.baseline)
    if baseline not in values:
        return None
    from sparsebench.statistics import Settings, compare

    groups = mean_groups(board, means)
    return compare(values, baseline=baseline, measures=means, groups=groups, settings=settings or Settings())


class Verdicts:
    """A comparison as tables ask it: by row and collection, or by row and group of collections."""

    def __init__(self, comparison: Comparison | None) -> None:
        self.comparison = comparison
        self._cells = {(of.system, of.collection): of for of in (comparison.cells if comparison else ())}
        self._averages = {(of.system, of.group): of for of in (comparison.macro_averages if comparison else ())}

    def cell(self, row: Row, label: str) -> Cell | None:
        """Return the comparison of a row on a collection; None where there is none."""
        return self._cells.get((system_name(row.model, row.postprocessor), label))

    def average(self, row: Row, group: str) -> MacroAverage | None:
        """Return the comparison of a row's mean over a group of collections; None where there is none."""
        return self._averages.get((system_name(row.model, row.postprocessor), group))

    def mark(self, row: Row, label: str) -> str:
        """Return whether the row differs from the baseline there, significantly after Holm's correction."""
        cell = self.cell(row, label)
        if self.comparison is None or cell is None or cell.contrast is None:
            return ""
        if cell.contrast.p_holm >= self.comparison.settings.alpha:
            return ""
        return SIGNIFICANT_TOGETHER if row.records[label].sees == "batch" else SIGNIFICANT


def bounds(interval: Interval | None) -> tuple[float, float] | None:
    """An interval as a pair; None for a mere point."""
    return None if interval is None or interval.method == "point" else (interval.low, interval.high)


def _values(row: Row, measures: Mapping[str, str], evidence: Evidence) -> dict[str, Mapping[str, float]]:
    """Map collection -> query_id -> value of its first measure."""
    found = {}
    for label, record in row.records.items():
        per_query = evidence.per_query(record) if record.status == "ok" and label in measures else None
        if per_query and measures[label] in per_query:
            found[label] = per_query[measures[label]]
    return found
