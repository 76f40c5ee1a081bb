"""One board of the records that several machines made of one suite."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sparsebench.errors import StoreError
from sparsebench.leaderboard.board import board_of
from sparsebench.leaderboard.figures import printed
from sparsebench.leaderboard.report import Report
from sparsebench.records import INDEX_FILE, CellDescription, Index, Record, SuiteFolder, read_record
from sparsebench.records.evidence import RunsEvidence
from sparsebench.records.noise import read_noise
from sparsebench.types import Json


def merged_report(folders: Sequence[Path]) -> Report:
    """The report of several `runs/<suite>/`.

    A suite has its cells in one order whatever the machine, while a key also names the kind of device. So the cells
    at one place of the lists are the same cell; the first folder that computed it is taken, and all that did must
    print the same figures. Raises StoreError when folders are of different suites, or two records disagree.
    """
    indexes = [Index.read(folder) for folder in folders]
    _same_suite(indexes, folders)
    keys, records = [], []
    for place in zip(*(index.cells for index in indexes), strict=True):
        cells = [(SuiteFolder(folder), key) for folder, key in zip(folders, place, strict=True)]
        found = [
            (path, read_record(path, remedy=folder.remedy))
            for folder, key in cells
            if (path := folder.record(key)).is_file()
        ]
        done = [(path, record) for path, record in found if record.status == "ok"] or found
        for other in done[1:]:
            _agree(done[0], other)
        keys.append(done[0][1].key if done else place[0])
        records += [done[0][1]] if done else []
    analyses = {name: analysis for index in reversed(indexes) for name, analysis in index.analyses.items()}
    declared = [index.shown for index in reversed(indexes) if index.shown is not None]
    shown = {label: each for of in declared for label, each in of.items()} if declared else None
    index = indexes[0].model_copy(update={"cells": tuple(keys), "analyses": analyses, "shown": shown})
    return Report(board_of(index, records, read_noise(folders)), RunsEvidence(folders))


def suite_folder(folder: Path, suite: str) -> Path:
    """`runs/` or `runs/<suite>/`, as people name it, as the latter."""
    return folder if (folder / INDEX_FILE).is_file() else folder / suite


def _same_suite(indexes: Sequence[Index], folders: Sequence[Path]) -> None:
    first = indexes[0]
    for index, folder in zip(indexes, folders, strict=True):
        same = (index.suite, index.baseline, len(index.cells)) == (first.suite, first.baseline, len(first.cells))
        if not same:
            raise StoreError(
                f"{folders[0]} and {folder} are not of one suite: {_described(first)}, and {_described(index)}. Bring "
                "the machines to the same suite file and run it again; finished cells are kept."
            )


def _described(index: Index) -> str:
    return f"{index.suite} with {len(index.cells)} cells and baseline {' + '.join(index.baseline or ('none',))}"


def _agree(one: tuple[Path, Record], other: tuple[Path, Record]) -> None:
    """Raise StoreError that shows both where they disagree."""
    (path, record), (other_path, other_record) = one, other
    if record.cell != other_record.cell or _figures(record) != _figures(other_record):
        raise StoreError(
            f"two records of one cell disagree:\n  {_shown(path, record, other_record)}\n"
            f"  {_shown(other_path, other_record, record)}\n"
            "Find out which is right and delete the folder of the other."
        )


def _figures(record: Record) -> dict[str, str]:
    return {name: printed(value) for name, value in record.measures.items()}


def _shown(path: Path, record: Record, other: Record) -> str:
    """Describe a record: its place, its figures, and how its cell differs from the other's."""
    cell = record.cell
    figures = ", ".join(f"{name} {value}" for name, value in _figures(record).items()) or f"failed: {record.error}"
    mine, theirs = _flat(cell), _flat(other.cell)
    only = "".join(f", {name} {value}" for name, value in mine.items() if theirs.get(name) != value)
    return f"{path.parent}: {cell}: {figures}{only} ({record.provenance.device or 'unknown device'})"


def _flat(cell: CellDescription) -> dict[str, Json]:
    """Dotted name -> value."""
    parts = {"collection": cell.collection, "model": cell.model, "postprocessor": cell.postprocessor}
    params = {f"{kind}.{name}": value for kind, part in parts.items() for name, value in part.params.items()}
    return {**params, "candidates": cell.candidates, "depth": cell.depth}
