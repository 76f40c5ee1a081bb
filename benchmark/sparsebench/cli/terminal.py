"""The leaderboard as a terminal shows it: best first, four columns, as wide as the window and no wider."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tabulate import tabulate

from sparsebench.leaderboard import Report
from sparsebench.leaderboard.board import Row, first_measures
from sparsebench.leaderboard.figures import NOTHING, Figure, printed
from sparsebench.leaderboard.significance import Verdicts, system_name
from sparsebench.measures import better_when_larger

ELLIPSIS = "…"
LEAST_NAME = 8
NOTE = "† differs from the baseline after Holm's correction; ‡ the same, for a row that sees all test queries at once"


def terminal_tables(report: Report, *, width: int) -> str:
    """One table a collection: system, first measure, difference to the baseline, mark. All else is in the files."""
    verdicts = Verdicts(report.comparison)
    parts = [
        f"{label}\n{_table(report.board.rows, label, measure, verdicts, width)}"
        for label, measure in first_measures(report.board).items()
    ]
    marked = any(mark in part for part in parts for mark in "†‡")
    return "\n\n".join([*parts, *([NOTE] if marked else [])])


def _table(rows: Sequence[Row], label: str, measure: str, verdicts: Verdicts, width: int) -> str:
    of_collection = [row for row in rows if label in row.records]
    sign = -1 if better_when_larger(measure) else 1
    ordered = sorted(of_collection, key=lambda row: sign * row.records[label].measures.get(measure, -sign * math.inf))
    lines = [_line(row, label, measure, verdicts) for row in ordered]
    room = width - sum(max(len(line[at]) for line in lines) + 2 for at in (1, 2, 3)) - len(measure)
    names = [_fitted(line[0], max(LEAST_NAME, room)) for line in lines]
    body = [[name, *line[1:]] for name, line in zip(names, lines, strict=True)]
    return tabulate(body, ["system", measure, "Δ", ""], tablefmt="simple", disable_numparse=True,
                    colalign=("left", "right", "right", "left"))  # fmt: skip


def _line(row: Row, label: str, measure: str, verdicts: Verdicts) -> list[str]:
    record, cell = row.records[label], verdicts.cell(row, label)
    name = system_name(row.model, row.postprocessor)
    if record.status == "failed":
        return [name, "failed", "", ""]
    difference = Figure(cell.contrast.difference, signed=True) if cell and cell.contrast else NOTHING
    return [name, printed(record.measures.get(measure)), str(difference), verdicts.mark(row, label)]


def _fitted(name: str, room: int) -> str:
    """A name cut in the middle, where it is least telling."""
    if len(name) <= room:
        return name
    tail = (room - 1) // 2
    return name[: room - 1 - tail] + ELLIPSIS + name[len(name) - tail :]
