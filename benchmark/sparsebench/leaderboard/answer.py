"""The sentence that a page begins with: a study's verdict, or who is best and how many differ from the baseline."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sparsebench.leaderboard.board import Board, first_measures
from sparsebench.leaderboard.escape import markdown_text
from sparsebench.leaderboard.figures import Figure
from sparsebench.leaderboard.layout import system_label
from sparsebench.leaderboard.order import Line
from sparsebench.leaderboard.tables import Column, Table

if TYPE_CHECKING:
    from sparsebench.statistics import Comparison

_SENTENCE = re.compile(r"(?<=[.!?]) (?=This design |It )")
"""What follows the verdict and its figures is of the design."""

VERDICT = "**"
"""How the summary of an analysis of the whole suite begins that has one."""


@dataclass(frozen=True)
class Answer:
    """text: markdown. analysis: whose verdict it is, so that its figure can stand beside it; None for the tables'."""

    text: str
    analysis: str | None = None


def answer(board: Board, shown: Sequence[Table], comparison: Comparison | None) -> Answer:
    """Say what the board says, in one sentence or two. shown: its tables, best row first."""
    for label, found in board.index.analyses.items():
        if (summary := found.get("summary", "")).startswith(VERDICT):
            return Answer(_SENTENCE.split(summary.split("\n\n")[0])[0], label)
    return Answer(_of_table(board, shown[0], comparison) if shown else "")


def _of_table(board: Board, table: Table, comparison: Comparison | None) -> str:
    place = next((at for at, column in enumerate(table.columns) if column.better), None)
    if place is None or not table.lines or not isinstance(best := table.lines[0].fields[place], Figure):
        return ""
    column, half = table.columns[place], f" ± {best.half_width}" if best.half_width else ""
    highest = "highest" if column.better == "larger" else "lowest"
    where = f" on {markdown_text(table.title)}" if table.collection else ""
    system = markdown_text(system_label(table.lines[0].row))
    said = f"**{system}** has the {highest} {_name(board, table, column)}{where}, {best}{half}"
    baseline = next((line for line in table.lines if _is_baseline(board, line)), None)
    if baseline is None or baseline is table.lines[0]:
        return f"{said}{_differences(comparison)}."
    against = baseline.fields[place]
    other = f", against {against} of {markdown_text(system_label(baseline.row))}" if isinstance(against, Figure) else ""
    return f"{said}{other}{_differences(comparison)}."


def _name(board: Board, table: Table, column: Column) -> str:
    """A mean says of which measure it is."""
    measures = set(first_measures(board).values())
    of = (
        f" {measures.pop()}"
        if table.collection is None and column.name.startswith("mean") and len(measures) == 1
        else ""
    )
    return markdown_text(f"{column.name}{of}")


def _is_baseline(board: Board, line: Line) -> bool:
    return (line.row.model, line.row.postprocessor) == board.index.baseline


def _differences(comparison: Comparison | None) -> str:
    """Count the rows that differ from the baseline, by the way they do, out of all comparisons."""
    contrasts = [cell.contrast for cell in comparison.cells if cell.contrast] if comparison else []
    if not comparison or not contrasts:
        return ""
    sure = [each for each in contrasts if each.p_holm < comparison.settings.alpha]
    higher = sum(each.difference > 0 for each in sure)
    return (
        f"; of {len(contrasts)} differences from the baseline, {higher} are significantly above 0 and "
        f"{len(sure) - higher} below it"
    )
