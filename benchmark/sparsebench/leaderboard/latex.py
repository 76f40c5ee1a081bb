"""A board as LaTeX tables with booktabs' rules, ready for a paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabulate import tabulate

from sparsebench.disclosure.visible import visible
from sparsebench.leaderboard.board import Board
from sparsebench.leaderboard.escape import latex_text
from sparsebench.leaderboard.figures import NOTHING, Field, Figure
from sparsebench.leaderboard.markdown import SYSTEM
from sparsebench.leaderboard.tables import Table, sees, tables

if TYPE_CHECKING:
    from sparsebench.statistics import Comparison

# tabulate escapes what LaTeX would take for a command, so our own commands travel as characters that it leaves alone.
_BOLD, _END = "\ue000", "\ue001"
_COMMANDS = str.maketrans(
    {
        _BOLD: r"\textbf{",
        _END: "}",
        "†": r"$^{\dagger}$",
        "‡": r"$^{\ddagger}$",
        "±": r"$\pm$",
        "−": "$-$",
        "Δ": r"$\Delta$",
        "–": "--",
    }
)


def render_latex(board: Board, comparison: Comparison | None = None, *, costs: bool = True) -> str:
    """One `table` environment a table of the board. It needs `\\usepackage{booktabs}`."""
    return "\n".join(_environment(board, table) for table in tables(board, comparison, costs=costs))


def _environment(board: Board, table: Table) -> str:
    columns = [*SYSTEM, *(visible(column.name) for column in table.columns)]
    rows = [
        [visible(line.row.model), visible(line.row.postprocessor), sees(line.row), *map(_text, line.fields)]
        for line in table.lines
    ]
    align = ["left"] * len(SYSTEM) + ["right"] * len(table.columns)
    grid = tabulate(rows, columns, tablefmt="latex_booktabs", disable_numparse=True, colalign=align)
    said = [f"{latex_text(board.suite)}: {latex_text(table.title)}.", latex_text(table.above), latex_text(table.below)]
    caption = " ".join(filter(None, said))
    body = "\n".join([r"\begin{table}", r"\centering", rf"\caption{{{caption}}}", grid, r"\end{table}", ""])
    return body.translate(_COMMANDS)


def _text(field: Field) -> str:
    if not isinstance(field, Figure):
        return visible(field) if field else NOTHING
    digits = str(field).replace("-", "−")
    number = f"{_BOLD}{digits}{_END}" if field.best else digits
    around = f" ± {field.half_width}" if field.half_width else ""
    return f"{number}{field.mark}{around}"
