"""`leaderboards/`: a board and what it is made of, small enough to commit, so that a bare clone can check it.

leaderboards/<suite>.md, <suite>.html      the tables, and the page to explore them
leaderboards/<suite>/index.json            which cells, in which order
leaderboards/<suite>/records.jsonl         one record a line, without costs
leaderboards/<suite>/per_query.csv.gz      per-query values of every cell (gzip without a time stamp)
leaderboards/<suite>/curves.csv.gz         wackiness curves of every analysis that has one
leaderboards/<suite>/<analysis>.<name>.svg figures of the analyses of the whole suite
leaderboards/<suite>/noise.json            the noise floor, where `sparsebench noise` measured it
leaderboards/<suite>/costs.json            seconds and memory: the only file that a re-run changes
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from sparsebench.errors import StoreError
from sparsebench.leaderboard.board import Board, board_of
from sparsebench.leaderboard.figures import printed
from sparsebench.leaderboard.report import Report
from sparsebench.records import Index, parse_record
from sparsebench.records.evidence import (
    CURVES_ARCHIVE,
    FIGURE,
    PER_QUERY_ARCHIVE,
    Evidence,
    PublishedEvidence,
    RunsEvidence,
    curves_archive,
    per_query_archive,
    published_figure,
)
from sparsebench.records.noise import NOISE_FILE, read_noise
from sparsebench.store import write_atomically, write_bytes_atomically

RECORDS_FILE = "records.jsonl"
COSTS_FILE = "costs.json"
PAGE_BYTES = 300 * 1024  # a larger page leaves its per-query values to the archive beside it


def publish(board: Board, runs_folder: Path, leaderboards: Path) -> Path:
    """Write the board of `runs/<suite>/` into `leaderboards/`; return the path of its markdown.

    Raises StoreError when a cell failed or is missing.
    """
    if board.failures or board.pending:
        raise StoreError(
            f"{board.suite}: {len(board.failures)} failed and {board.pending} cells are not computed; a published "
            f"table has no holes. `sparsebench run {board.suite}` computes what is missing."
        )
    folder, evidence = leaderboards / board.suite, RunsEvidence([runs_folder])
    lines = [record.model_copy(update={"costs": {}}).model_dump(by_alias=True) for record in board.records]
    write_atomically(folder / RECORDS_FILE, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    write_bytes_atomically(folder / PER_QUERY_ARCHIVE, per_query_archive(board.records, evidence))
    write_bytes_atomically(folder / CURVES_ARCHIVE, curves_archive(board.records, evidence))
    costs = {record.key: record.costs for record in board.records}
    write_atomically(folder / COSTS_FILE, json.dumps(costs, indent=1) + "\n")
    if board.noise:
        board.noise.write(folder)
    else:
        (folder / NOISE_FILE).unlink(missing_ok=True)
    return publish_index(board.index, evidence, leaderboards)


def publish_index(index: Index, evidence: Evidence, leaderboards: Path) -> Path:
    """Write what was found of the whole suite, figures with it, and both pages; return the path of the markdown.

    evidence: where the figures are. The records are there already.
    """
    folder = leaderboards / index.suite
    index.write(folder)
    for stale in folder.glob(f"*{FIGURE}"):
        stale.unlink()
    for label, found in index.analyses.items():
        for path, text in evidence.figures(label, found).items():
            write_atomically(folder / published_figure(label, Path(path).name), text)
    # From what was just written, so that a page never says more than lies beside it.
    published_report(leaderboards, index.suite).write(leaderboards, index.suite)
    return leaderboards / f"{index.suite}.md"


def read_published(leaderboards: Path, suite: str) -> Board:
    """The board that `publish` wrote. Raises StoreError when it is not there or damaged."""
    folder = leaderboards / suite
    index = Index.read(folder)
    path = folder / RECORDS_FILE
    lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")  # splitlines would split on U+2028 too
    records = [parse_record(line, f"{path}:{number}") for number, line in enumerate(lines, start=1)]
    return board_of(index, records, read_noise([folder]))


def published_report(leaderboards: Path, suite: str) -> Report:
    """The report of what `publish` wrote: without costs, so that its pages depend on results alone."""
    board = read_published(leaderboards, suite)
    return Report(board, PublishedEvidence(leaderboards / suite), costs=False, page_bytes=PAGE_BYTES)


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
