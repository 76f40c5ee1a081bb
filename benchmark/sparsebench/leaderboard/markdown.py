"""A board as markdown: one table over all collections, one a collection, and the notes that make them readable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from tabulate import tabulate

from sparsebench.leaderboard.answer import answer
from sparsebench.leaderboard.board import Board
from sparsebench.leaderboard.escape import markdown_lines, markdown_text
from sparsebench.leaderboard.figures import NOTHING, Field, Figure
from sparsebench.leaderboard.layout import pages_of, system_label
from sparsebench.leaderboard.notes import Notes, notes
from sparsebench.leaderboard.oracle import stamps
from sparsebench.leaderboard.order import Line
from sparsebench.leaderboard.summaries import summaries
from sparsebench.leaderboard.tables import Table, tables

if TYPE_CHECKING:
    from sparsebench.statistics import Comparison

ABOUT = "What this board is, and what it cannot show"


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
    shown = tables(board, comparison, costs=costs)
    said = answer(board, shown, comparison)
    beside = [f"![{said.analysis}]({path})" for path in (figures or {}).get(said.analysis or "", ())]
    parts = [
        f"# {markdown_text(board.suite)}",
        markdown_lines(said.text),
        *beside,
        *(_section(table) for table in shown[:1]),
        folded(ABOUT, markdown_lines(board.index.description)) if board.index.description else "",
        *(_section(table) for table in shown[1:]),
        *_summaries(board, {label: paths for label, paths in (figures or {}).items() if label != said.analysis}),
        *_notes(notes(board, comparison, costs=costs)),
        _listed("Published figures", [str(stamp) for stamp in stamps(board)]),
        _listed(f"Failed: {len(board.failures)}", board.failures),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _section(table: Table) -> str:
    first, *more = pages_of(table)
    names = ", ".join(markdown_text(table.columns[place].name) for places in more for place in places)
    seeds = [each for line in table.lines for each in line.folded]
    parts = [
        f"## {markdown_text(table.title)}",
        markdown_text(table.above),
        _grid(table, table.lines, first),
        markdown_text(table.below),
        folded(f"More columns: {names}", *(_grid(table, table.lines, places) for places in more)) if more else "",
        folded("Each seed", _grid(table, seeds, first)) if seeds else "",
    ]
    return "\n\n".join(filter(None, parts))


def _grid(table: Table, lines: Sequence[Line], places: Sequence[int]) -> str:
    headers = ["system", *(markdown_text(table.columns[place].name) for place in places)]
    rows = [[markdown_text(system_label(line.row)), *(_text(line.fields[place]) for place in places)] for line in lines]
    numeric = [any(isinstance(line.fields[place], Figure) for line in lines) for place in places]
    align = ["left", *("right" if each else "left" for each in numeric)]
    return tabulate(rows, headers, tablefmt="github", disable_numparse=True, colalign=align)


def folded(title: str, *blocks: str) -> str:
    """Blocks behind a line that opens them; GitHub reads markdown in there between empty lines."""
    return "\n\n".join([f"<details><summary>{title}</summary>", *filter(None, blocks), "</details>"])


def _text(field: Field) -> str:
    if not isinstance(field, Figure):
        return markdown_text(field) if field else NOTHING
    number = f"**{field}**" if field.best else str(field)
    around = f" ± {field.half_width}" if field.half_width else ""
    return f"{number}{field.mark}{around}"


def _notes(said: Notes) -> list[str]:
    return [*said.short, *(folded(title, text) for title, text in said.folded.items())]


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
