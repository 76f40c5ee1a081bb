"""A leaderboard as a value: rows (model x postprocessor) with one record a collection."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.errors import StoreError
from benchmark.record import RECORD_FILE, Record, read_record
from benchmark.store import write_atomically

INDEX_FILE = "index.json"


@dataclass(frozen=True)
class Row:
    """A system, that is a model with a postprocessor. records: collection label -> record."""

    model: str
    postprocessor: str
    records: Mapping[str, Record]


@dataclass(frozen=True)
class Board:
    """All rows of a suite in the suite's order.

    collections: label -> a record that describes it. pending: cells that are not computed yet.
    """

    suite: str
    description: str
    collections: Mapping[str, Record]
    rows: tuple[Row, ...]
    pending: int = 0

    @property
    def records(self) -> tuple[Record, ...]:
        """Every record, row by row."""
        return tuple(record for row in self.rows for record in row.records.values())

    @property
    def failures(self) -> tuple[str, ...]:
        """One line for every cell and every analysis that failed, with the reason."""
        lines: dict[str, None] = {}
        for record in self.records:
            system = f"{record.cell.model.label} on {record.cell.collection.label}"
            if record.status == "failed":
                lines[f"{system}, {record.cell.postprocessor.label}: {record.error}"] = None
            for name, found in record.analysis.items():
                if "error" in found:
                    lines[f"{system}, {name}: {found['error']}"] = None
        return tuple(lines)


@dataclass(frozen=True)
class Index:
    """What the records themselves do not say: which cells the suite has today, in which order."""

    suite: str
    description: str
    cells: tuple[str, ...]

    def write(self, folder: Path) -> None:
        """Write `index.json`."""
        text = json.dumps({"suite": self.suite, "description": self.description, "cells": self.cells}, indent=1)
        write_atomically(folder / INDEX_FILE, text + "\n")

    @classmethod
    def read(cls, folder: Path) -> Index:
        """Raises StoreError when there is none."""
        try:
            content = json.loads((folder / INDEX_FILE).read_text(encoding="utf-8"))
            return cls(content["suite"], content["description"], tuple(content["cells"]))
        except FileNotFoundError:
            raise StoreError(f"{folder} holds no results. `sparsebench run {folder.name}` makes them.") from None
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"{folder / INDEX_FILE} is damaged ({error}). `sparsebench run {folder.name}` writes it again; "
                "finished cells are kept."
            ) from error


def cell_folder(suite_folder: Path, key: str) -> Path:
    """Where the cell with this key lies below `runs/<suite>/`."""
    return suite_folder / key[:16]


def read_board(folder: Path) -> Board:
    """The board of `runs/<suite>/` as far as it is computed. Raises StoreError when a record is damaged."""
    index = Index.read(folder)
    paths = [cell_folder(folder, key) / RECORD_FILE for key in index.cells]
    return board_of(index, [read_record(path) for path in paths if path.is_file()])


def board_of(index: Index, records: Iterable[Record]) -> Board:
    """Arrange records into rows. Raises StoreError when two describe the same cell and disagree."""
    rows: dict[tuple[str, str], dict[str, Record]] = {}
    collections: dict[str, Record] = {}
    for record in records:
        cell = record.cell
        row = rows.setdefault((cell.model.label, cell.postprocessor.label), {})
        twin = row.setdefault(cell.collection.label, record)
        if twin.key != record.key or twin.measures != record.measures:
            raise StoreError(
                f"{index.suite}: two records of {cell.model.label} + {cell.postprocessor.label} on "
                f"{cell.collection.label} disagree: {twin.key[:16]} and {record.key[:16]}. Keep one."
            )
        collections.setdefault(cell.collection.label, record)
    arranged = tuple(Row(model, postprocessor, found) for (model, postprocessor), found in rows.items())
    board = Board(index.suite, index.description, collections, arranged)
    return replace(board, pending=len(set(index.cells)) - len(board.records))
