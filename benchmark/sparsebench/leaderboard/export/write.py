"""Write exported files to their places.

<to>/runs/<collection>/qrels.txt                             its judgments, as TREC writes them
<to>/runs/<collection>/queries.tsv                           the test queries: what a run does not answer counts 0
<to>/runs/<collection>/<model>+<postprocessor>.trec.gz       the run, byte for byte as it was measured
<to>/runs/<collection>/<model>+<postprocessor>.trec          the same, plain
<to>/runs/<collection>/<model>+<postprocessor>.metadata.yml  what made it, as ir_metadata
<to>/mteb/<model>/<revision>/<collection>.json               its figures, as mteb writes them
<to>/mteb/<model>/<revision>/model_meta.json
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import yaml

from sparsebench.errors import StoreError
from sparsebench.leaderboard.board import Board
from sparsebench.leaderboard.export.ir_metadata import ir_metadata
from sparsebench.leaderboard.export.mteb import model_meta, model_name, revision_of, task_result
from sparsebench.records import RUN_FILE, Record, SuiteFolder, read_checked
from sparsebench.records.labels import file_name
from sparsebench.records.topics import read_tested
from sparsebench.store import write_atomically, write_bytes_atomically
from sparsebench.suite import is_sample
from sparsebench.types import Json

ACTOR = "# `actor` is yours to fill in: records do not know who ran them.\n"


def export(board: Board, runs_folder: Path, to: Path) -> int:
    """Write everything that is computed of `runs/<suite>/` below `to`; return of how many cells.

    Raises Damage when a run is not what was measured, StoreError when two labels make one file name.
    """
    done = [record for record in board.records if record.status == "ok"]
    _refuse_same_names(done)
    for record in done:
        _write_tested(record, SuiteFolder(runs_folder), to / "runs")
        _write_run(board, record, runs_folder, to / "runs")
        _write_figures(record, to / "mteb", sampled=is_sample(board.suite))
    return len(done)


def _refuse_same_names(records: Sequence[Record]) -> None:
    for name, count in Counter(map(_run_name, records)).items():
        if count > 1:
            raise StoreError(
                f"{count} cells would be {name}.trec.gz: give the labels of the suite more than punctuation"
            )


def _run_name(record: Record) -> str:
    cell = record.cell
    return f"{file_name(cell.collection.label)}/{file_name(f'{cell.model.label}+{cell.postprocessor.label}')}"


def _write_tested(record: Record, folder: SuiteFolder, to: Path) -> None:
    """Queries and judgments of a collection. Raises Damage where a run of before they were kept lacks them."""
    facts = record.provenance.collection
    tested = read_tested(folder, facts.digests if facts else {})
    place = to / file_name(record.cell.collection.label)
    judged = (f"{query} 0 {document} {grade}\n" for query, of in tested.qrels.items() for document, grade in of.items())
    write_atomically(place / "qrels.txt", "".join(judged))
    asked = (f"{query}\t{' '.join(text.split())}\n" for query, text in tested.queries.items())
    write_atomically(place / "queries.tsv", "".join(asked))


def _write_run(board: Board, record: Record, runs_folder: Path, to: Path) -> None:
    folder, place = SuiteFolder(runs_folder), to / _run_name(record)
    run = read_checked(folder.run(record.key), record.files.get(RUN_FILE), remedy=folder.remedy)
    write_bytes_atomically(place.with_name(f"{place.name}.trec.gz"), run)
    write_bytes_atomically(place.with_name(f"{place.name}.trec"), gzip.decompress(run))
    metadata = yaml.safe_dump(ir_metadata(board, record), sort_keys=False, allow_unicode=True)
    write_atomically(place.with_name(f"{place.name}.metadata.yml"), ACTOR + metadata)


def _write_figures(record: Record, to: Path, *, sampled: bool) -> None:
    folder = to / model_name(record).replace("/", "__") / file_name(revision_of(record))
    write_atomically(
        folder / f"{file_name(record.cell.collection.label)}.json", _json(task_result(record, sampled=sampled))
    )
    write_atomically(folder / "model_meta.json", _json(model_meta(record)))


def _json(value: Json) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
