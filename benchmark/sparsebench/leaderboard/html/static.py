"""The tables of a board as plain HTML, without style or script: for notebooks."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from sparsebench.leaderboard.board import Board
from sparsebench.leaderboard.figures import NOTHING, Field, Figure
from sparsebench.leaderboard.tables import Table, sees, tables

if TYPE_CHECKING:
    from sparsebench.statistics import Comparison

SYSTEM = ("model", "postprocessor", "sees")


def render_tables(board: Board, comparison: Comparison | None = None, *, costs: bool = True) -> str:
    """Render every table of a board, and one line for each failure."""
    failures = "".join(f"<li>{escape(line)}</li>" for line in board.failures)
    parts = [_table(table) for table in tables(board, comparison, costs=costs)]
    return "\n".join([f"<h3>{escape(board.suite)}</h3>", *parts, f"<ul>{failures}</ul>" if failures else ""])


def _table(table: Table) -> str:
    names = (*SYSTEM, *(column.name for column in table.columns))
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    lines = [
        [escape(line.row.model), escape(line.row.postprocessor), sees(line.row), *map(_field, line.fields)]
        for line in table.lines
    ]
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>" for cells in lines)
    caption = f"<caption>{escape(table.title)}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _field(field: Field) -> str:
    if not isinstance(field, Figure):
        return escape(field or NOTHING)
    number = f"<b>{field}</b>" if field.best else str(field)
    return f"{number}{field.mark}" + (f" ± {field.half_width}" if field.half_width else "")
