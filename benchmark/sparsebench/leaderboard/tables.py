"""A board as tables of typed fields, which markdown, LaTeX and the page each render in their own way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from sparsebench.leaderboard.board import Board, Row, first_measures, mean_groups, measures_of
from sparsebench.leaderboard.columns import Declared, declared_columns, extra_columns
from sparsebench.leaderboard.figures import NOTHING, Field, Figure, measured
from sparsebench.leaderboard.models import trained_mark
from sparsebench.leaderboard.order import Line, best_first, folded
from sparsebench.leaderboard.remarks import description
from sparsebench.leaderboard.significance import Verdicts, bounds
from sparsebench.measures import better_when_larger
from sparsebench.records.noise import floor_of_difference, noise_note

if TYPE_CHECKING:
    from sparsebench.statistics import Comparison

DIFFERENCE = "Δ baseline"


@dataclass(frozen=True)
class Column:
    """Column of a table. better: which way a measure is better; None for what is no measure, of which none is best."""

    name: str
    better: Literal["larger", "smaller"] | None = None


@dataclass(frozen=True)
class Table:
    """Table of a board. collection: its label, None for the overview. above, below: sentences around the table; may be
    empty.

    lines: best first by the first column that says which way is better.
    """

    title: str
    collection: str | None
    above: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    below: str = ""


def tables(board: Board, comparison: Comparison | None = None, *, costs: bool = True) -> list[Table]:
    """An overview where there are several collections, then one table a collection.

    Rows stand best first, and trainings that differ in their seed alone are one. A comparison adds intervals and
    marks; `costs=False` leaves seconds out.
    """
    verdicts = Verdicts(comparison)
    overview = [_overview(board, verdicts)] if len(board.collections) > 1 else []
    return [*overview, *(_collection(board, label, verdicts, costs) for label in board.collections)]


def sees(row: Row) -> str:
    """List what the row's postprocessor may see."""
    return ", ".join(sorted({record.sees for record in row.records.values() if record.sees})) or NOTHING


def _overview(board: Board, verdicts: Verdicts) -> Table:
    """Means over complete rows alone, the first measure of every collection, and what the board is about beside it."""
    first = first_measures(board)
    groups = mean_groups(board, first)
    beside = _beside(board)
    columns = [_measure(name, first[members[0]]) for name, members in groups.items()]
    columns += [_measure(f"{label} {name}", name) for label, name in first.items()]
    columns += [Column(f"{label} {each.name}", each.column.better) for label, each in beside]
    lines = []
    for row in board.rows:
        values = {label: row.records[label].measures.get(first[label]) for label in row.records if label in first}
        fields: list[Field] = []
        for group, members in groups.items():
            average = verdicts.average(row, group)
            fields.append(measured(_mean(values, members), bounds(average.interval) if average else None))
        fields += [
            measured(values.get(label), mark=verdicts.mark(row, label) + trained_mark(row.records.get(label)))
            for label in first
        ]
        fields += [each.field(row.records[label]) if label in row.records else None for label, each in beside]
        lines.append(Line(row, tuple(fields)))
    named = "; ".join(f"{name}: {', '.join(members)}" for name, members in groups.items())
    below = f"Means are over complete rows alone. {named}." if groups else ""
    return Table("All collections", None, "", tuple(columns), _arranged(columns, lines), below)


def _beside(board: Board) -> list[tuple[str, Declared]]:
    """List what analyses found that is no price, each on the first collection where it was found."""
    found = []
    for each in declared_columns(board):
        if any(column.cost for column in board.shown[each.analysis].columns):
            continue
        where = (
            label
            for label in board.collections
            if any(label in row.records and isinstance(each.value(row.records[label]), float) for row in board.rows)
        )
        if (label := next(where, None)) is not None:
            found.append((label, each))
    return found


def _mean(values: Mapping[str, float | None], members: Sequence[str]) -> float | None:
    found = [value for label in members if (value := values.get(label)) is not None]
    return sum(found) / len(found) if len(found) == len(members) else None


def _collection(board: Board, label: str, verdicts: Verdicts, costs: bool) -> Table:
    rows = [row for row in board.rows if label in row.records]
    records = [row.records[label] for row in rows]
    names = measures_of(board.collections[label])
    extras = extra_columns(board, records, costs=costs)
    baseline = board.baseline(label)
    shows_difference = baseline is not None and names[0] in baseline.measures and len(rows) > 1
    columns = [
        _measure(names[0]),
        *([Column(DIFFERENCE)] if shows_difference else []),
        *(_measure(name) for name in names[1:]),
        *(Column(extra.name, extra.better) for extra in extras),
    ]
    lines = []
    for row, record in zip(rows, records, strict=True):
        cell = verdicts.cell(row, label)
        fields: list[Field] = [
            measured(record.measures.get(names[0]), bounds(cell.interval) if cell else None, trained_mark(record)),
            *([_difference(board, row, label, verdicts)] if shows_difference else []),
            *(measured(record.measures.get(name)) for name in names[1:]),
            *(extra.read(record) for extra in extras),
        ]
        lines.append(Line(row, tuple(fields)))
    greyed = any(isinstance(field, Figure) and field.is_noise for line in lines for field in line.fields)
    below = noise_note(board.noise, records, names[0], greyed=greyed) if shows_difference else ""
    return Table(label, label, description(records), tuple(columns), _arranged(columns, lines), below)


def _measure(name: str, measure: str | None = None) -> Column:
    return Column(name, "larger" if better_when_larger(measure or name) else "smaller")


def _difference(board: Board, row: Row, label: str, verdicts: Verdicts) -> Figure | None:
    record, baseline = row.records[label], board.baseline(label)
    measure = measures_of(board.collections[label])[0]
    value, expected = record.measures.get(measure), baseline.measures.get(measure) if baseline else None
    if value is None or baseline is None or expected is None or record is baseline:
        return None
    noise = floor_of_difference(board.noise, (record, baseline), measure)
    return Figure(value - expected, signed=True, mark=verdicts.mark(row, label), noise=noise)


def _arranged(columns: Sequence[Column], lines: Sequence[Line]) -> tuple[Line, ...]:
    lines = folded(lines)
    for place, column in enumerate(columns):
        if column.better:
            lines = best_first(lines, place, column.better)
            break
    return _with_best(columns, lines)


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
