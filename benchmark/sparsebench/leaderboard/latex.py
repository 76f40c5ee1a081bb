"""A board as LaTeX tables with booktabs' rules and their notes, ready for a paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabulate import tabulate

from sparsebench.leaderboard.board import Board
from sparsebench.leaderboard.escape import latex_text
from sparsebench.leaderboard.figures import NOTHING, Field, Figure
from sparsebench.leaderboard.layout import pages_of, system_label
from sparsebench.leaderboard.notes import notes
from sparsebench.leaderboard.tables import Table, tables

if TYPE_CHECKING:
    from sparsebench.statistics import Comparison

_SYMBOLS = str.maketrans(
    {
        "†": r"$^{\dagger}$",
        "‡": r"$^{\ddagger}$",
        "±": r"$\pm$",
        "−": "$-$",
        "Δ": r"$\Delta$",
        "–": "--",
    }
)


def render_latex(board: Board, comparison: Comparison | None = None, *, costs: bool = True) -> str:
    """One `table` environment a table of the board, with the columns of the main one and the notes below."""
    said = [_prose(note) for note in notes(board, comparison, costs=costs).short]
    head = "% Needs \\usepackage{booktabs} in the preamble. The other columns: `sparsebench report --format csv`.\n"
    return head + "\n".join(_environment(board, table, said) for table in tables(board, comparison, costs=costs))


def _environment(board: Board, table: Table, said: list[str]) -> str:
    places = pages_of(table)[0]
    columns = ["system", *(_escaped(table.columns[place].name) for place in places)]
    rows = [
        [_escaped(system_label(line.row)), *(_text(line.fields[place]) for place in places)] for line in table.lines
    ]
    align = ["left"] + ["right"] * len(places)
    grid = tabulate(rows, columns, tablefmt="latex_raw", disable_numparse=True, colalign=align)
    for rule in ("toprule", "midrule", "bottomrule"):
        grid = grid.replace(r"\hline", rf"\{rule}", 1)
    caption = " ".join(filter(None, map(_escaped, [f"{board.suite}: {table.title}.", table.above, table.below])))
    below = [rf"\par\footnotesize {note}" for note in said]
    return "\n".join([r"\begin{table}", r"\centering", rf"\caption{{{caption}}}", grid, *below, r"\end{table}", ""])


def _text(field: Field) -> str:
    if not isinstance(field, Figure):
        return _escaped(field or NOTHING)
    digits = str(field).replace("-", "−")
    around = f" ± {field.half_width}" if field.half_width else ""
    number = rf"\textbf{{{digits}}}" if field.best else digits
    return f"{number}{field.mark}{around}".translate(_SYMBOLS)


def _escaped(text: str) -> str:
    return latex_text(text).translate(_SYMBOLS)


def _prose(note: str) -> str:
    """A note without its markdown."""
    return _escaped(note.replace("\\*", "*").replace("`", ""))
