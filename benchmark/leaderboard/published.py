"""`leaderboards/`: a board and what it is made of, small enough to commit, so that a bare clone can check it.

leaderboards/<suite>.md                    the tables
leaderboards/<suite>/index.json            which cells, in which order
leaderboards/<suite>/records.jsonl         one record a line, without costs
leaderboards/<suite>/per_query.csv.gz      per-query values of every cell (gzip without a time stamp)
leaderboards/<suite>/costs.json            seconds and memory: the only file that a re-run changes
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import StoreError
from benchmark.leaderboard.board import Board, Index, board_of, cell_folder
from benchmark.leaderboard.markdown import figure, render_markdown
from benchmark.record import PER_QUERY_FILE, parse_record, read_per_query
from benchmark.store import write_atomically, write_bytes_atomically

RECORDS_FILE = "records.jsonl"
PER_QUERY_ARCHIVE = "per_query.csv.gz"
COSTS_FILE = "costs.json"


def publish(board: Board, runs_folder: Path, leaderboards: Path) -> Path:
    """Write the board of `runs/<suite>/` into `leaderboards/`; return the path of its markdown.

    Raises StoreError when a cell failed or is missing.
    """
    if board.failures or board.pending:
        raise StoreError(
            f"{board.suite}: {len(board.failures)} failed and {board.pending} cells are not computed; a published "
            f"table has no holes. `sparsebench run {board.suite}` computes what is missing."
        )
    folder = leaderboards / board.suite
    board.index.write(folder)
    lines = [record.model_copy(update={"costs": {}}).model_dump(by_alias=True) for record in board.records]
    write_atomically(folder / RECORDS_FILE, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    write_bytes_atomically(folder / PER_QUERY_ARCHIVE, _per_query_archive(board, runs_folder))
    costs = {record.key: record.costs for record in board.records}
    write_atomically(folder / COSTS_FILE, json.dumps(costs, indent=1) + "\n")
    page = leaderboards / f"{board.suite}.md"
    write_atomically(page, render_markdown(board, costs=False))
    return page


def read_published(leaderboards: Path, suite: str) -> Board:
    """The board that `publish` wrote. Raises StoreError when it is not there or damaged."""
    folder = leaderboards / suite
    index = Index.read(folder)
    path = folder / RECORDS_FILE
    lines = path.read_text(encoding="utf-8").splitlines()
    return board_of(index, [parse_record(line, f"{path}:{number}") for number, line in enumerate(lines, start=1)])


def _per_query_archive(board: Board, runs_folder: Path) -> bytes:
    """One row a cell, measure and query."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["cell", "measure", "query_id", "value"])
    for record in board.records:
        path = cell_folder(runs_folder, record.key) / PER_QUERY_FILE
        for measure, values in read_per_query(path.read_text(encoding="utf-8")).items():
            writer.writerows((record.key[:16], measure, query, format(value, ".6g")) for query, value in values.items())
    return gzip.compress(out.getvalue().encode(), mtime=0)


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
    equal = sum(figure(expected) == figure(found) for expected, found in pairs)
    differences = [abs(expected - found) for expected, found in pairs if found is not None]
    return Reproduction(equal, len(pairs), max(differences, default=0.0))


def _figures(board: Board) -> dict[tuple[str, str, str, str], float]:
    return {
        (label, row.model, row.postprocessor, measure): value
        for row in board.rows
        for label, record in row.records.items()
        for measure, value in record.measures.items()
    }


def check(board: Board, page: Path, *, costs: bool) -> str | None:
    """None when the page is what the records say, else what to do."""
    if not page.is_file():
        raise StoreError(f"there is no {page}. `sparsebench report {board.suite}` writes it.")
    if page.read_text(encoding="utf-8") == render_markdown(board, costs=costs):
        return None
    return f"{page} is not what the records say. `sparsebench report {board.suite}` writes it again."
