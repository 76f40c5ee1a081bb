"""`leaderboards/`: a board and what it is made of, small enough to commit, so that a bare clone can check it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from sparsebench.errors import StoreError
from sparsebench.leaderboard.board import Board, board_of
from sparsebench.leaderboard.figures import printed
from sparsebench.leaderboard.report import Report
from sparsebench.provenance.digests import sha256
from sparsebench.records import INDEX_FILE, NOISE_FILE, Index, SuiteFolder, check_file, parse_record, read_checked
from sparsebench.records.evidence import (
    Evidence,
    PublishedEvidence,
    RunsEvidence,
    curves_archive,
    damaged,
    per_query_archive,
    published_figure,
)
from sparsebench.records.layout import (
    COSTS_FILE,
    CURVES_ARCHIVE,
    FIGURE,
    PER_QUERY_ARCHIVE,
    RECORDS_FILE,
    published_remedy,
)
from sparsebench.records.noise import read_noise
from sparsebench.store import write_atomically, write_bytes_atomically

PAGE_BYTES = 300 * 1024  # a larger page leaves its per-query values to the archive beside it


def publish(board: Board, runs_folder: Path, leaderboards: Path) -> Path:
    """Write the board of `runs/<suite>/` into `leaderboards/`; return the path of its markdown.

    Raises StoreError when a cell failed or is missing, Damage when a file beside a record is not what was written.
    """
    if board.failures or board.pending:
        raise StoreError(
            f"{board.suite}: {len(board.failures)} failed and {board.pending} cells are not computed; a published "
            f"table has no holes. `sparsebench run {board.suite}` computes what is missing."
        )
    folder, evidence = leaderboards / board.suite, RunsEvidence([runs_folder])
    _check_files(board, SuiteFolder(runs_folder))
    lines = [record.model_copy(update={"costs": None}).to_json(indent=None) for record in board.records]
    write_atomically(folder / RECORDS_FILE, "".join(lines))
    write_bytes_atomically(folder / PER_QUERY_ARCHIVE, per_query_archive(board.records, evidence))
    write_bytes_atomically(folder / CURVES_ARCHIVE, curves_archive(board.records, evidence))
    costs = {record.key: record.costs.model_dump() if record.costs else None for record in board.records}
    write_atomically(folder / COSTS_FILE, json.dumps(costs, indent=1) + "\n")
    if board.noise:
        board.noise.write(folder)
    else:
        (folder / NOISE_FILE).unlink(missing_ok=True)
    return publish_index(board.index, evidence, leaderboards)


def _check_files(board: Board, folder: SuiteFolder) -> None:
    """Everything that a published figure came from, whether it is published itself or not."""
    for record in board.records:
        for name, checksum in record.files.items():
            check_file(folder.cell(record.key) / name, checksum, remedy=folder.remedy)


def publish_index(index: Index, evidence: Evidence, leaderboards: Path) -> Path:
    """Write what was found of the whole suite, figures with it, and both pages; return the path of the markdown.

    evidence: where the figures are. The records are there already.
    """
    folder = leaderboards / index.suite
    for stale in folder.glob(f"*{FIGURE}"):
        stale.unlink()
    for label, found in index.analyses.items():
        for path, text in evidence.figures(label, found).items():
            write_atomically(folder / published_figure(label, Path(path).name), text)
    # Last, as it vouches for all others: until it is there, a publication that was cut short is damage, not a board.
    index.model_copy(update={"files": _checksums(folder)}).write(folder)
    # From what was just written, so that a page never says more than lies beside it.
    published_report(leaderboards, index.suite).write(leaderboards, index.suite)
    return leaderboards / f"{index.suite}.md"


def _checksums(folder: Path) -> dict[str, str]:
    """Of all that a page is made of; costs are of another run on every machine."""
    beside = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    return {path.name: sha256(path) for path in beside if path.name not in (INDEX_FILE, COSTS_FILE)}


def read_published(leaderboards: Path, suite: str) -> Board:
    """The board that `publish` wrote. Raises StoreError when it is not there, Damage when it is not as written."""
    folder = leaderboards / suite
    remedy = published_remedy(folder)
    index = Index.read(folder, remedy=remedy)
    path = folder / RECORDS_FILE
    with damaged(path, remedy):
        text = read_checked(path, index.files.get(RECORDS_FILE), remedy=remedy).decode()
    lines = text.removesuffix("\n").split("\n")  # splitlines would split on U+2028 too
    records = [parse_record(line, f"{path}:{number}", remedy=remedy) for number, line in enumerate(lines, start=1)]
    for name in sorted({NOISE_FILE} & index.files.keys()):
        check_file(folder / name, index.files[name], remedy=remedy)
    return board_of(index, records, read_noise([folder]))


def published_report(leaderboards: Path, suite: str) -> Report:
    """The report of what `publish` wrote: without costs, so that its pages depend on results alone.

    Raises Damage where any file of it is not what was written, whether a page needs it or not.
    """
    board, folder = read_published(leaderboards, suite), leaderboards / suite
    for name, checksum in board.index.files.items():
        check_file(folder / name, checksum, remedy=published_remedy(folder))
    return Report(
        board,
        published_evidence(leaderboards, board),
        costs=False,
        page_bytes=PAGE_BYTES,
        command="sparsebench report --published",
    )


def published_evidence(leaderboards: Path, board: Board) -> PublishedEvidence:
    """What lies beside the records of a published board."""
    return PublishedEvidence(leaderboards / board.suite, board.index.files)


@dataclass(frozen=True)
class Reproduction:
    """How many figures of a board equal the published ones to the printed digits."""

    equal: int
    total: int
    largest_difference: float

    def __str__(self) -> str:
        words = f"reproduced {self.equal} of {self.total}"
        return words if self.equal == self.total else f"{words}; largest difference {self.largest_difference:.4f}"


def reproduction(board: Board, published: Board) -> Reproduction:
    """Compare the measures of two boards of one suite, cell by cell, at the printed precision.

    A published figure that the board lacks counts as not reproduced.
    """
    figures = _figures(board)
    pairs = [(value, figures.get(name)) for name, value in _figures(published).items()]
    equal = sum(printed(expected) == printed(found) for expected, found in pairs)
    differences = [abs(expected - found) for expected, found in pairs if found is not None]
    return Reproduction(equal, len(pairs), max(differences, default=0.0))


def _figures(board: Board) -> dict[tuple[str, str, str, str], float]:
    return {
        (label, row.model, row.postprocessor, measure): value
        for row in board.rows
        for label, record in row.records.items()
        for measure, value in record.measures.items()
    }
