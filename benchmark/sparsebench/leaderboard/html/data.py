"""The HTML page's data as JSON. The tables are those of markdown; the rest is what charts need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from sparsebench.leaderboard.answer import answer
from sparsebench.leaderboard.board import Board, measures_of
from sparsebench.leaderboard.columns import Declared, declared_columns, machine, seconds
from sparsebench.leaderboard.figures import Field, Figure
from sparsebench.leaderboard.html.curves import curve_charts
from sparsebench.leaderboard.notes import notes
from sparsebench.leaderboard.oracle import stamps
from sparsebench.leaderboard.order import Line
from sparsebench.leaderboard.summaries import summaries
from sparsebench.leaderboard.tables import Table, sees, tables
from sparsebench.measures import better_when_larger
from sparsebench.records import Record
from sparsebench.records.evidence import Evidence
from sparsebench.types import Json

if TYPE_CHECKING:
    from sparsebench.statistics import Comparison

SECONDS = "seconds to encode and rank"


def page_data(
    board: Board, evidence: Evidence, comparison: Comparison | None, *, costs: bool, per_query: bool
) -> dict[str, Json]:
    """Systems are named by their place in `systems` throughout."""
    shown = tables(board, comparison, costs=costs)
    said = answer(board, shown, comparison)
    return {
        "suite": board.suite,
        "description": board.index.description,
        "answer": asdict(said),
        "baseline": _baseline(board),
        "systems": [{"model": row.model, "postprocessor": row.postprocessor, "sees": sees(row)} for row in board.rows],
        "tables": [_table(board, table) for table in shown],
        "records": _by_collection(board, lambda record: _record(record, costs)),
        "analyses": _analyses(board),
        "measures": {label: _measures(record) for label, record in board.collections.items()},
        "queries": {label: _queries(board, label, evidence) for label in board.collections} if per_query else None,
        "prices": [*(price.name for price in _prices(board)), *([SECONDS] if costs else [])],
        "seconds": SECONDS,
        "costs": _by_collection(board, lambda record: _costs(board, record, costs)),
        "curves": curve_charts(board, evidence),
        "stamps": _stamps(board),
        "summaries": _summaries(board),
        "figures": {name: [*evidence.figures(name, found).values()] for name, found in board.index.analyses.items()},
        "notes": asdict(notes(board, comparison, costs=costs)),
        "failures": list(board.failures),
    }


def _baseline(board: Board) -> int | None:
    pairs = [(row.model, row.postprocessor) for row in board.rows]
    return pairs.index(board.index.baseline) if board.index.baseline in pairs else None


def _by_collection(board: Board, read: Callable[[Record], Json]) -> dict[str, dict[int, Json]]:
    """Collection -> system -> what is read from the record there."""
    return {
        label: {place: read(row.records[label]) for place, row in enumerate(board.rows) if label in row.records}
        for label in board.collections
    }


def _record(record: Record, costs: bool) -> Json:
    """The record, but for analyses that it shares with others: those are named by their artefact."""
    shown = record if costs else record.model_copy(update={"costs": None})
    analysis = {name: found.get("artefact", found) for name, found in record.analysis.items()}
    return shown.model_dump(by_alias=True) | {"analysis": analysis}


def _analyses(board: Board) -> dict[str, Json]:
    """Artefact -> what it found, once; without values of single queries."""
    return {
        found["artefact"]: {name: value for name, value in found.items() if name != "per_query"}
        for record in board.records
        for found in record.analysis.values()
        if "artefact" in found
    }


def _summaries(board: Board) -> list[Json]:
    """Analysis by analysis, what each says of whom."""
    found: dict[str, list[Json]] = {}
    for summary in summaries(board):
        found.setdefault(summary.analysis, []).append({"of": summary.of, "text": summary.text})
    return [{"analysis": label, "said": said} for label, said in found.items()]


def _prices(board: Board) -> list[Declared]:
    """Columns that effectiveness is drawn against."""
    return [each for each in declared_columns(board) if each.column.cost]


def _costs(board: Board, record: Record, costs: bool) -> Json:
    prices = {price.name: price.value(record) for price in _prices(board)}
    spent = {SECONDS: seconds(record), "machine": machine(record)} if costs else {}
    return prices | spent


def _measures(record: Record) -> list[dict[str, Json]]:
    return [{"name": name, "larger": better_when_larger(name)} for name in measures_of(record)]


def _table(board: Board, table: Table) -> dict[str, Json]:
    systems = {(row.model, row.postprocessor): place for place, row in enumerate(board.rows)}
    return {
        "title": table.title,
        "collection": table.collection,
        "above": table.above,
        "below": table.below,
        "columns": [{"name": column.name, "better": column.better} for column in table.columns],
        "rows": [
            _line(line, systems) | {"seeds": [_line(each, systems) for each in line.folded]} for line in table.lines
        ],
    }


def _line(line: Line, systems: Mapping[tuple[str, str], int]) -> dict[str, Json]:
    """A row by the place of its system, that of its first seed where it is the mean of several."""
    row = line.folded[0].row if line.folded else line.row
    return {
        "system": systems[row.model, row.postprocessor],
        "model": line.row.model,
        "fields": [*map(_field, line.fields)],
    }


def _field(field: Field) -> Json:
    """Words and nothing as they are; a number with its printed form, and only what else it has."""
    if not isinstance(field, Figure):
        return field
    found = {
        "value": field.value,
        "text": str(field),
        "best": field.best,
        "mark": field.mark,
        "interval": field.interval,
        "half": field.half_width,
        "noise": field.is_noise,
    }
    return {name: value for name, value in found.items() if value not in (None, "", False)}


def _queries(board: Board, label: str, evidence: Evidence) -> dict[str, Json]:
    """Ids in the order of the first record's file, and for each measure the values of each system in that order."""
    found = {
        place: per_query
        for place, row in enumerate(board.rows)
        if label in row.records and (per_query := evidence.per_query(row.records[label]))
    }
    first = next(iter(found.values()), {})
    ids = list(next(iter(first.values()), {}))
    values = {
        measure: {place: [of[measure].get(id_) for id_ in ids] for place, of in found.items() if measure in of}
        for measure in first
    }
    return {"ids": ids, "values": values}


def _stamps(board: Board) -> list[dict[str, Json]]:
    systems = {(row.model, row.postprocessor): place for place, row in enumerate(board.rows)}
    return [
        {
            "system": systems[stamp.model, stamp.postprocessor],
            "collection": stamp.collection,
            "measure": stamp.measure,
            "verdict": stamp.verdict,
            "text": str(stamp),
        }
        for stamp in stamps(board)
    ]
