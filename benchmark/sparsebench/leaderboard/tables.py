"""A board as tables of typed fields, which markdown, LaTeX and the page each render in their own way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from sparsebench.leaderboard.board import Board, Row, first_measures, mean_groups, measures_of
from sparsebench.leaderboard.columns import extra_columns
from sparsebench.leaderboard.figures import NOTHING, Field, Figure, measured
from sparsebench.leaderboard.models import trained_mark
from sparsebench.leaderboard.remarks import description
from sparsebench.leaderboard.significance import Verdicts, bounds
from sparsebench.measures import better_when_larger
from sparsebench.records.noise import floor_of_difference, noise_note

if TYPE_CHECKING:
    from sparsebench.statistics import Comparison

RANK = "rank"
DIFFERENCE = "Δ baseline"


@dataclass(frozen=True)
class Column:
    """Column of a table. better: which way a measure is better; None for what is no measure, of which none is best."""

    name: str
    better: Literal["larger", "smaller"] | None = None


@dataclass(frozen=True)
class Line:
    """A row of the board with one field a column."""

    row: Row
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Table:
    """Table of a board. collection: its label, None for the overview. above, below: sentences around the table; may be
    empty.
    """

    title: str
    collection: str | None
    above: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    below: str = ""


def tables(board: Board, comparison: Comparison | None = None, *, costs: bool = True) -> list[Table]:
    """An overview where there are several collections, then one table a collection.

    A comparison adds ranks, intervals and marks; `costs=False` leaves seconds out.
    """
    verdicts = Verdicts(comparison)
    overview = [_overview(board, verdicts)] if len(board.collections) > 1 else []
    return [*overview, *(_collection(board, label, verdicts, costs) for label in board.collections)]


def sees(row: Row) -> str:
    """List what the row's postprocessor may see."""
    return ", ".join(sorted({record.sees for record in row.records.values() if record.sees})) or NOTHING


def _overview(board: Board, verdicts: Verdicts) -> Table:
    """First measure of every collection, and means over complete rows alone."""
    first = first_measures(board)
    groups = mean_groups(board, first)
    columns = [_measure(f"{label} {name}", name) for label, name in first.items()]
    columns += [_measure(name, first[members[0]]) for name, members in groups.items()]
    lines = []
    for row in board.rows:
        values = {label: row.records[label].measures.get(first[label]) for label in row.records if label in first}
        fields: list[Field] = [
            measured(values.get(label), mark=verdicts.mark(row, label) + trained_mark(row.records.get(label)))
            for label in first
        ]
        for group, members in groups.items():
            average = verdicts.average(row, group)
            fields.append(measured(_mean(values, members), bounds(average.interval) if average else None))
        lines.append(Line(row, tuple(fields)))
    named = "; ".join(f"{name}: {', '.join(members)}" for name, members in groups.items())
    below = f"Means are over complete rows alone. {named}." if groups else ""
    return Table("All collections", None, "", tuple(columns), _with_best(columns, lines), below)


def _mean(values: Mapping[str, float | None], members: Sequence[str]) -> float | None:
    found = [value for label in members if (value := values.get(label)) is not None]
    return sum(found) / len(found) if len(found) == len(members) else None


def _collection(board: Board, label: str, verdicts: Verdicts, costs: bool) -> Table:
    rows = [row for row in board.rows if label in row.records]
    records = [row.records[label] for row in rows]
    names = measures_of(board.collections[label])
    extras = extra_columns(board, records, costs=costs)
    baseline = board.baseline(label)
    ranked = any(verdicts.cell(row, label) for row in rows)
    shows_difference = baseline is not None and names[0] in baseline.measures and len(rows) > 1
    columns = [
        *([Column(RANK)] if ranked else []),
        _measure(names[0]),
        *([Column(DIFFERENCE)] if shows_difference else []),
        *(_measure(name) for name in names[1:]),
        *(Column(extra.name, extra.better) for extra in extras),
    ]
    lines = []
    for row, record in zip(rows, records, strict=True):
        cell = verdicts.cell(row, label)
        fields = [
            *([_rank(verdicts, row, label)] if ranked else []),
            measured(record.measures.get(names[0]), bounds(cell.interval) if cell else None, trained_mark(record)),
            *([_difference(board, row, label, verdicts)] if shows_difference else []),
            *(measured(record.measures.get(name)) for name in names[1:]),
            *(extra.read(record) for extra in extras),
        ]
        lines.append(Line(row, tuple(fields)))
    greyed = any(isinstance(field, Figure) and field.is_noise for line in lines for field in line.fields)
    below = noise_note(board.noise, records, names[0], greyed=greyed) if shows_difference else ""
    return Table(label, label, description(records), tuple(columns), _with_best(columns, lines), below)


def _measure(name: str, measure: str | None = None) -> Column:
    return Column(name, "larger" if better_when_larger(measure or name) else "smaller")


def _rank(verdicts: Verdicts, row: Row, label: str) -> Figure | None:
    cell = verdicts.cell(row, label)
    return Figure(cell.rank, digits=0, mark="=" if verdicts.rank_is_shared(cell) else "") if cell else None


def _difference(board: Board, row: Row, label: str, verdicts: Verdicts) -> Figure | None:
    record, baseline = row.records[label], board.baseline(label)
    measure = measures_of(board.collections[label])[0]
    value, expected = record.measures.get(measure), baseline.measures.get(measure) if baseline else None
    if value is None or baseline is None or expected is None or record is baseline:
        return None
    noise = floor_of_difference(board.noise, (record, baseline), measure)
    return Figure(value - expected, signed=True, mark=verdicts.mark(row, label), noise=noise)


def _with_best(columns: Sequence[Column], lines: Sequence[Line]) -> tuple[Line, ...]:
    """The best of each measure is marked, with all that print the same; a row alone is no best."""
    best: list[str | None] = []
    for index, column in enumerate(columns):
        found = [field for line in lines if isinstance(field := line.fields[index], Figure)]
        choose = {"larger": max, "smaller": min, None: None}[column.better]
        best.append(str(choose(found, key=lambda figure: figure.value)) if choose and found else None)
    return tuple(
        replace(line, fields=tuple(map(_marked, line.fields, best))) if len(lines) > 1 else line for line in lines
    )


def _marked(field: Field, best: str | None) -> Field:
    return replace(field, best=True) if isinstance(field, Figure) and str(field) == best else field
