"""A board as markdown: one table over all collections, one a collection, and the notes that make them readable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from tabulate import tabulate

from sparsebench.leaderboard.board import Board
from sparsebench.leaderboard.escape import markdown_lines, markdown_text
from sparsebench.leaderboard.figures import NOTHING, Field, Figure
from sparsebench.leaderboard.notes import notes
from sparsebench.leaderboard.oracle import stamps
from sparsebench.leaderboard.summaries import summaries
from sparsebench.leaderboard.tables import Table, sees, tables

if TYPE_CHECKING:
    from sparsebench.statistics import Comparison

SYSTEM = ("model", "postprocessor", "sees")


def render_markdown(
    board: Board,
    comparison: Comparison | None = None,
    *,
    costs: bool = True,
    figures: Mapping[str, Iterable[str]] | None = None,
) -> str:
    """The whole leaderboard. `costs=False` leaves seconds out, so that the text depends on results alone.

    figures: analysis -> paths of its figures, as seen from where the text will lie.
    """
    parts = [
        f"# {board.suite}",
        markdown_lines(board.index.description),
        *(_section(table) for table in tables(board, comparison, costs=costs)),
        *_summaries(board, figures or {}),
        *notes(board, comparison, costs=costs),
        _listed("Published figures", [str(stamp) for stamp in stamps(board)]),
        _listed(f"Failed: {len(board.failures)}", board.failures),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _section(table: Table) -> str:
    headers = [*SYSTEM, *(markdown_text(column.name).replace("*", "\\*") for column in table.columns)]
    rows = [
        [*map(markdown_text, (line.row.model, line.row.postprocessor)), sees(line.row), *map(_text, line.fields)]
        for line in table.lines
    ]
    numeric = [
        any(isinstance(line.fields[index], Figure) for line in table.lines) for index in range(len(table.columns))
    ]
    align = ["left"] * len(SYSTEM) + ["right" if each else "left" for each in numeric]
    grid = tabulate(rows, headers, tablefmt="github", disable_numparse=True, colalign=align)
    return "\n\n".join(part for part in (f"## {markdown_text(table.title)}", table.above, grid, table.below) if part)


def _text(field: Field) -> str:
    if not isinstance(field, Figure):
        return markdown_text(field) if field else NOTHING
    number = f"**{field}**" if field.best else str(field)
    around = f" ± {field.half_width}" if field.half_width else ""
    return f"{number}{field.mark}{around}"


def _summaries(board: Board, figures: Mapping[str, Iterable[str]]) -> list[str]:
    """Write the summaries of analyzers: a section an analysis, with the figures of those of the whole suite."""
    parts: dict[str, list[str]] = {}
    for summary in summaries(board):
        of = [f"**{markdown_text(summary.of)}**"] if summary.of else []
        parts.setdefault(summary.analysis, []).extend([*of, markdown_lines(summary.text)])
    return [
        "\n\n".join(
            [
                f"## {markdown_text(label)}",
                *said,
                *(f"![{markdown_text(label)}]({path})" for path in figures.get(label, ())),
            ]
        )
        for label, said in parts.items()
    ]


def _listed(title: str, lines: Sequence[str]) -> str:
    return "\n".join([f"## {title}", "", *(f"- {markdown_lines(line)}" for line in lines)]) if lines else ""
