"""Layout of tables where width is short: systems in one column, and what does not fit in a second table."""

from __future__ import annotations

from collections.abc import Sequence

from sparsebench.leaderboard.board import Row
from sparsebench.leaderboard.figures import Figure
from sparsebench.leaderboard.tables import Table, sees

MOST_COLUMNS = 8
"""With that of the systems; as many as GitHub shows of a page without a scroll bar."""


def system_label(row: Row) -> str:
    """The model with its postprocessor, and what that sees besides the query."""
    if row.postprocessor == "none":
        return row.model
    seen = sees(row)
    return f"{row.model} + {row.postprocessor}" + (f" ({seen})" if seen in ("bank", "batch") else "")


def pages_of(table: Table) -> list[list[int]]:
    """Places of columns, as many in each part as fit beside the systems; the first part is the main one."""
    places = [place for place in range(len(table.columns)) if not _is_words(table, place)]
    first = places[: MOST_COLUMNS - 1]
    rest = [place for place in range(len(table.columns)) if place not in first]
    return [first, *_chunks(rest)]


def _is_words(table: Table, place: int) -> bool:
    """Long words, as of tuning, would make every row of the main table high."""
    return not any(isinstance(line.fields[place], Figure) for line in table.lines) and len(table.columns) > 1


def _chunks(places: Sequence[int]) -> list[list[int]]:
    size = MOST_COLUMNS - 1
    return [list(places[at : at + size]) for at in range(0, len(places), size)]
