"""Charts of the page: the lines that analyses left in curve files, as their analyzers declare them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace

from sparsebench.contracts.display import Column, Curves
from sparsebench.leaderboard.board import Board
from sparsebench.leaderboard.figures import Figure
from sparsebench.leaderboard.schema_1 import lines_in_schema_1
from sparsebench.leaderboard.summaries import system_name
from sparsebench.records.evidence import Evidence, Points
from sparsebench.types import Json

MOST_POINTS = 200  # a line on a screen shows no more


def curve_charts(board: Board, evidence: Evidence) -> list[dict[str, Json]]:
    """One chart for all analyses that declare the same, with one entry for each of their findings that has lines."""
    by_curves: dict[str, tuple[Curves, list[str]]] = {}
    for label, shown in board.shown.items():
        for curves in shown.curves:
            by_curves.setdefault(repr(curves), (curves, []))[1].append(label)
    charts = [
        (curves, labels, [entry for label in labels for entry in _entries(board, evidence, label, curves)])
        for curves, labels in by_curves.values()
    ]
    titles = [curves.title for curves, _, entries in charts if entries]
    return [
        _chart(curves, curves.title if titles.count(curves.title) == 1 else f"{curves.title}: {labels[0]}", entries)
        for curves, labels, entries in charts
        if entries
    ]


def _chart(curves: Curves, title: str, entries: Sequence[Json]) -> dict[str, Json]:
    return {
        **asdict(replace(curves, title=title, beside=None)),
        "beside": curves.beside.label if curves.beside else None,
        "entries": entries,
    }


def _entries(board: Board, evidence: Evidence, label: str, curves: Curves) -> Iterator[dict[str, Json]]:
    seen = set()
    for record in board.records:
        found = record.analysis.get(label, {})
        artefact = found.get("artefact")
        if artefact in seen or not (lines := _lines(board, evidence, found, curves)):
            continue
        seen.add(artefact)
        yield {
            "analysis": label,
            "collection": record.cell.collection.label,
            "model": record.cell.model.label,
            "name": system_name(board, record, label),
            "lines": lines,
        }


def _lines(board: Board, evidence: Evidence, found: Mapping[str, Json], curves: Curves) -> dict[str, Json]:
    """Name -> its points, thinned, and what stands beside it."""
    files: Mapping[str, Points] = evidence.curves(found)
    if board.index.shown is None:
        files = lines_in_schema_1(found, files, curves)
    lines = {name: points for file, points in files.items() if (name := curves.line(file)) is not None}
    return {
        name: {"points": thinned(points), "beside": _beside(curves.beside, name, found)}
        for name, points in lines.items()
    }


def _beside(column: Column | None, line: str, found: Mapping[str, Json]) -> str | None:
    """The value as printed; None where there is none."""
    if column is None:
        return None
    try:
        value = replace(column, path=column.path.replace("{line}", line)).read(found)
    except KeyError:
        return None
    return value if value is None or isinstance(value, str) else str(Figure(value, column.digits))


def thinned(points: Points) -> list[list[float]]:
    """Thin a line to at most MOST_POINTS, evenly spaced, both ends among them."""
    count = min(len(points), MOST_POINTS)
    kept = points if count < 2 else [points[place * (len(points) - 1) // (count - 1)] for place in range(count)]
    return [[round(value, 4) for value in point] for point in kept]
