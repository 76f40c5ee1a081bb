"""A leaderboard as a value: rows (model x postprocessor) with one record a collection."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sparsebench.contracts.display import Shown
from sparsebench.errors import StoreError
from sparsebench.leaderboard.schema_1 import shown_in_schema_1
from sparsebench.records import Index, Record, SuiteFolder, patterns, read_record, short
from sparsebench.records.noise import Noise, read_noise
from sparsebench.types import Json

DOMAIN_MEANS = {"in": "mean in-domain", "out": "mean out-of-domain"}
"""What a mean over collections of one domain is called; those of unknown domain have none."""


@dataclass(frozen=True)
class Row:
    """A system, that is a model with a postprocessor. records: collection label -> record."""

    model: str
    postprocessor: str
    records: Mapping[str, Record]


@dataclass(frozen=True)
class Board:
    """Leaderboard of a suite: its rows in the suite's order.

    collections: label -> a record that describes it. noise: where it was measured.
    """

    index: Index
    collections: Mapping[str, Record]
    rows: tuple[Row, ...]
    noise: Noise | None = None

    @cached_property
    def shown(self) -> Mapping[str, Shown]:
        """Label -> the columns and curves of each analysis."""
        return shown_in_schema_1(self.records) if self.index.shown is None else self.index.shown

    @property
    def suite(self) -> str:
        """The suite's name."""
        return self.index.suite

    @property
    def pending(self) -> int:
        """Number of cells that are not computed yet."""
        return len(set(self.index.cells)) - len(self.records)

    @property
    def records(self) -> tuple[Record, ...]:
        """Every record, row by row."""
        return tuple(record for row in self.rows for record in row.records.values())

    def baseline(self, label: str) -> Record | None:
        """The baseline's record on a collection."""
        rows = (row for row in self.rows if (row.model, row.postprocessor) == self.index.baseline)
        return next((row.records[label] for row in rows if label in row.records), None)

    @property
    def failures(self) -> tuple[str, ...]:
        """One line for every cell, measure and analysis that failed, with the reason."""
        lines: dict[str, None] = {}
        for record in self.records:
            system = f"{record.cell.model.label} on {record.cell.collection.label}"
            if record.status == "failed":
                lines[f"{system}, {record.cell.postprocessor.label}: {record.error}"] = None
            for name, why in record.failed_measures.items():
                lines[f"{system}, {record.cell.postprocessor.label}: measure {name}: {why}"] = None
            lines |= dict.fromkeys(f"{system}, {line}" for line in _errors(record.analysis))
        return (*lines, *_errors(self.index.analyses))


def measures_of(record: Record) -> list[str]:
    """The measures that the suite asks for, in its order."""
    return list(record.cell.collection.params["measures"])


def first_measures(board: Board) -> dict[str, str]:
    """Collection -> its first measure: what overviews show and statistics test."""
    return {label: names[0] for label, record in board.collections.items() if (names := measures_of(record))}


def twins(board: Board) -> dict[str, str]:
    """Collection -> an earlier one of the same documents, queries and judgments, by their digests."""
    first: dict[str, str] = {}
    digests = {label: _digests(board, label) for label in board.collections}
    known = {label: first.setdefault(found, label) for label, found in digests.items() if found}
    return {label: earlier for label, earlier in known.items() if earlier != label}


def _digests(board: Board, label: str) -> str:
    """Return as text the digests of a collection's content; empty where no cell of it was computed."""
    facts = (row.records[label].provenance.collection for row in board.rows if label in row.records)
    return next((json.dumps(found.digests, sort_keys=True) for found in facts if found and found.digests), "")


def mean_groups(board: Board, measures: Mapping[str, str]) -> dict[str, list[str]]:
    """Sets of collections that a mean makes sense of: one measure (collection -> its measure), at least two members.

    Of collections that are the same by their digests the first alone counts.
    """
    groups: dict[str, list[str]] = {"mean": list(measures)}
    for label in measures:
        if name := DOMAIN_MEANS.get(board.collections[label].cell.collection.params["domain"]):
            groups.setdefault(name, []).append(label)
    same = twins(board)
    once = {name: [label for label in members if same.get(label) not in members] for name, members in groups.items()}
    return {
        name: members
        for name, members in once.items()
        if len(members) > 1 and len({measures[label] for label in members}) == 1
    }


def read_board(folder: Path) -> Board:
    """The board of `runs/<suite>/` as far as it is computed. Raises Damage where a record is not what was written."""
    index, place = Index.read(folder), SuiteFolder(folder)
    paths = [place.record(key) for key in index.cells]
    records = [read_record(path, remedy=place.remedy) for path in paths if path.is_file()]
    return board_of(index, records, read_noise([folder]))


def board_of(index: Index, records: Iterable[Record], noise: Noise | None = None) -> Board:
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
                f"{cell.collection.label} disagree: {short(twin.key)} and {short(record.key)}. Keep one."
            )
        collections.setdefault(cell.collection.label, record)
    arranged = tuple(Row(model, postprocessor, found) for (model, postprocessor), found in rows.items())
    return Board(index, collections, arranged, noise)


def chosen(board: Board, only: Sequence[str]) -> Board:
    """The cells that match any pattern; all of them where there is none. Raises StoreError where none matches."""
    names = {record.key: _labels(record) for record in board.records}
    keys = [key for key in board.index.cells if key in names and patterns.matches(*names[key], only)]
    if only and not keys:
        there = "\n".join(f"  {patterns.cell_name(*labels)}" for labels in names.values())
        raise StoreError(f"{board.suite}: no cell matches {' '.join(only)}. There is:\n{there}")
    kept = [record for record in board.records if record.key in set(keys)]
    return board_of(board.index.model_copy(update={"cells": tuple(keys)}), kept, board.noise) if only else board


def _labels(record: Record) -> tuple[str, str, str]:
    cell = record.cell
    return cell.collection.label, cell.model.label, cell.postprocessor.label


def _errors(analyses: Mapping[str, Json]) -> list[str]:
    return [f"{name}: {found['error']}" for name, found in analyses.items() if "error" in found]
