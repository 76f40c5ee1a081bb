"""Write a board and what it is made of into `leaderboards/`: whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sparsebench.errors import StoreError
from sparsebench.leaderboard.board import Board
from sparsebench.leaderboard.published import published_report
from sparsebench.leaderboard.report import PAGES
from sparsebench.provenance.digests import sha256
from sparsebench.records import INDEX_FILE, NOISE_FILE, Index, Record, SuiteFolder, check_file
from sparsebench.records.evidence import Evidence, RunsEvidence, curves_archive, per_query_archive, published_figure
from sparsebench.records.layout import COSTS_FILE, CURVES_ARCHIVE, FIGURE, PER_QUERY_ARCHIVE, RECORDS_FILE
from sparsebench.store import disk_errors, leftovers, write_atomically, write_bytes_atomically


def publish(board: Board, runs_folder: Path, leaderboards: Path, *, others: Sequence[Path] = ()) -> Path:
    """Write the board of `runs/<suite>/` into `leaderboards/`; return the path of its markdown.

    others: folders of other machines, whose records the board has too. What is published stays as it is until all of
    the new files lie beside it. Raises StoreError when a cell failed or is missing, or the disk is full; Damage when a
    file beside a record is not what was written.
    """
    if board.failures or board.pending:
        raise StoreError(
            f"{board.suite}: {len(board.failures)} failed and {board.pending} cells are not computed; a published "
            f"table has no holes. `sparsebench run {board.suite}` computes what is missing; "
            f"`sparsebench publish {board.suite} --merge DIR` joins what another machine computed."
        )
    folders = [runs_folder, *others]
    _check_files(board, folders)
    evidence = RunsEvidence(folders)
    with _replacing(leaderboards, board.suite) as folder:
        _write_records(board, evidence, folder)
        _write_index(board.index, evidence, folder)
    return leaderboards / f"{board.suite}.md"


def publish_index(index: Index, evidence: Evidence, leaderboards: Path) -> Path:
    """Write what was found of the whole suite, figures with it, and both pages; return the path of the markdown.

    evidence: where the figures are. The records stay as they are.
    """
    with _replacing(leaderboards, index.suite) as folder:
        for path in _files(leaderboards / index.suite):
            if path.suffix != FIGURE:
                shutil.copy(path, folder)
        _write_index(index, evidence, folder)
    return leaderboards / f"{index.suite}.md"


def _check_files(board: Board, folders: Sequence[Path]) -> None:
    """Check everything that a published figure came from, whether it is published itself or not."""
    for record in board.records:
        folder = _place_of(record, [SuiteFolder(folder) for folder in folders])
        for name, checksum in record.files.items():
            check_file(folder.cell(record.key) / name, checksum, remedy=folder.remedy)


def _place_of(record: Record, folders: Sequence[SuiteFolder]) -> SuiteFolder:
    """The first folder that has the very record."""
    sealed = record.to_json().encode()
    there = [folder for folder in folders if folder.record(record.key).is_file()]
    same = [folder for folder in there if folder.record(record.key).read_bytes() == sealed]
    return [*same, *there, *folders][0]


def _write_records(board: Board, evidence: Evidence, folder: Path) -> None:
    lines = [record.model_copy(update={"costs": None}).to_json(indent=None) for record in board.records]
    write_atomically(folder / RECORDS_FILE, "".join(lines))
    write_bytes_atomically(folder / PER_QUERY_ARCHIVE, per_query_archive(board.records, evidence))
    write_bytes_atomically(folder / CURVES_ARCHIVE, curves_archive(board.records, evidence))
    costs = {record.key: record.costs.model_dump() if record.costs else None for record in board.records}
    write_atomically(folder / COSTS_FILE, json.dumps(costs, indent=1) + "\n")
    if board.noise:
        board.noise.write(folder)


def _write_index(index: Index, evidence: Evidence, folder: Path) -> None:
    for label, found in index.analyses.items():
        for path, text in evidence.figures(label, found).items():
            place = folder / published_figure(label, Path(path).name)
            if place.exists():
                raise StoreError(f"two figures would be {place.name}: give the analyzers' labels more than punctuation")
            write_atomically(place, text)
    # Costs are of another run on every machine, so nothing vouches for them.
    vouched = [path for path in _files(folder) if path.name not in (INDEX_FILE, COSTS_FILE)]
    index.model_copy(update={"command": "", "files": {path.name: sha256(path) for path in vouched}}).write(folder)


@contextmanager
def _replacing(leaderboards: Path, suite: str) -> Iterator[Path]:
    """A folder whose files, with both pages made of them, take the place of what is published when the block ends."""
    with disk_errors(leaderboards):
        leaderboards.mkdir(parents=True, exist_ok=True)
        leftovers.sweep(leaderboards)
        with tempfile.TemporaryDirectory(prefix=leftovers.name("writing"), dir=leaderboards) as temporary:
            folder = Path(temporary) / suite
            folder.mkdir()
            yield folder
            # From what was just written, so that a page never says more than lies beside it.
            published_report(Path(temporary), suite).write(Path(temporary), suite)
            _move(Path(temporary), leaderboards, suite)


def _move(source: Path, target: Path, suite: str) -> None:
    """The index last but the pages: until it is there, a move that was cut short is damage, not a board."""
    new, old = _files(source / suite), target / suite
    old.mkdir(exist_ok=True)
    for path in sorted(new, key=lambda path: path.name == INDEX_FILE):
        os.replace(path, old / path.name)
    for stale in _files(old):
        if stale.name not in {path.name for path in new} and (stale.suffix == FIGURE or stale.name == NOISE_FILE):
            stale.unlink()
    for form in PAGES:
        os.replace(source / f"{suite}.{form}", target / f"{suite}.{form}")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
