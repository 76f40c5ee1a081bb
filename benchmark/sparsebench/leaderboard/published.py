"""`leaderboards/`: a board and what it is made of, small enough to commit, so that a bare clone can check it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sparsebench.leaderboard.board import Board, board_of
from sparsebench.leaderboard.figures import printed
from sparsebench.leaderboard.report import Report
from sparsebench.records import NOISE_FILE, Index, check_file, parse_record, read_checked
from sparsebench.records.evidence import (
    PublishedEvidence,
    damaged,
)
from sparsebench.records.layout import (
    RECORDS_FILE,
    published_remedy,
)
from sparsebench.records.noise import read_noise

PAGE_BYTES = 300 * 1024  # a larger page leaves its per-query values to the archive beside it


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
    """Return the evidence beside the records of a published board."""
    return PublishedEvidence(leaderboards / board.suite, board.index.files)


@dataclass(frozen=True)
class Reproduction:
    """Count of a board's figures that equal the published ones to the printed digits."""

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
