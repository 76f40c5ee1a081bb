"""A board as data for other programs: CSV with one line a cell, JSON with everything that the tables show."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from sparsebench.leaderboard.board import Board, Row, first_measures, measures_of
from sparsebench.leaderboard.columns import declared_columns, machine, seconds, tuned
from sparsebench.leaderboard.escape import csv_text
from sparsebench.leaderboard.oracle import stamps
from sparsebench.leaderboard.significance import Verdicts
from sparsebench.records import Record
from sparsebench.records.noise import floor_of_difference
from sparsebench.types import Json

if TYPE_CHECKING:
    from sparsebench.statistics import Comparison

SCHEMA_VERSION = 1

OWN_KEYS = (
    *("collection", "domain", "model", "postprocessor", "sees", "candidates", "depth", "status", "rank", "low", "high"),
    *("difference", "p_holm", "noise_floor", "tuned", "seconds", "machine", "key", "measures", "error"),
)
"""Keys that a column of an analyzer cannot have for itself."""


def render_csv(board: Board, comparison: Comparison | None = None, *, costs: bool = True) -> str:
    """One line a cell, in full precision; a measure that a collection does not have is empty.

    rank, low, high, difference and p_holm are of the collection's first measure, and so is noise_floor, a column where
    it was measured: how far encoding alone can move the difference.
    """
    names = list(dict.fromkeys(name for record in board.collections.values() for name in measures_of(record)))
    verdicts = Verdicts(comparison)
    empty = dict.fromkeys(names)
    lines = [
        _flat(board, row, label, verdicts, costs) | empty | record.measures
        for row in board.rows
        for label, record in row.records.items()
    ]
    return csv_text([list(lines[0]), *(list(line.values()) for line in lines)] if lines else [])


def render_json(board: Board, comparison: Comparison | None = None, *, costs: bool = True) -> str:
    """`cells` is what the CSV has, with measures as an object; `comparison` is all that statistics found."""
    verdicts = Verdicts(comparison)
    cells = [
        _flat(board, row, label, verdicts, costs) | {"measures": record.measures, "error": record.error}
        for row in board.rows
        for label, record in row.records.items()
    ]
    document: dict[str, Json] = {
        "schema": SCHEMA_VERSION,
        "suite": board.suite,
        "description": board.index.description,
        "baseline": board.index.baseline,
        "first_measures": first_measures(board),
        "pending": board.pending,
        "failures": list(board.failures),
        "cells": cells,
        "comparison": asdict(comparison) if comparison else None,
        "analyses": board.index.analyses,
        "published_figures": [asdict(stamp) | {"difference": stamp.difference} for stamp in stamps(board)],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _flat(board: Board, row: Row, label: str, verdicts: Verdicts, costs: bool) -> dict[str, Json]:
    record, found = row.records[label], verdicts.cell(row, label)
    contrast = found.contrast if found else None
    interval = found.interval if found else None
    declared = {each.key: each.value(record) for each in declared_columns(board, taken=OWN_KEYS)}
    spent = {"seconds": _milliseconds(seconds(record)), "machine": machine(record)} if costs else {}
    return {
        "collection": label,
        "domain": record.cell.collection.params["domain"],
        "model": row.model,
        "postprocessor": row.postprocessor,
        "sees": record.sees,
        "candidates": record.cell.candidates,
        "depth": record.cell.depth,
        "status": record.status,
        "rank": found.rank if found else None,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "difference": contrast.difference if contrast else None,
        "p_holm": contrast.p_holm if contrast else None,
        **({"noise_floor": _noise_floor(board, record, label)} if board.noise else {}),
        "tuned": tuned(record),
        **declared,
        **spent,
        "key": record.key,
    }


def _noise_floor(board: Board, record: Record, label: str) -> float | None:
    baseline = board.baseline(label)
    measure = measures_of(board.collections[label])[0]
    return floor_of_difference(board.noise, (record, baseline), measure) if baseline else None


def _milliseconds(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
