"""Rankings as runs, and runs as TREC files."""

from __future__ import annotations

import gzip
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from sparsebench.errors import ScoreError
from sparsebench.lines import Mistakes, parse_lines
from sparsebench.rank.plain import LARGEST_SCORE, plain_run
from sparsebench.store import replacing
from sparsebench.types import Ranking, Run

LEVEL = 4
"""Of gzip: a fifth of the time of its highest level for 2 % more bytes, measured on a run."""


def to_run(ranking: Ranking, query_ids: Sequence[str], doc_ids: np.ndarray, *, exclude_own_id: bool = False) -> Run:
    """The ranking (Q, k) as a run. Scores are rounded to float32, which is what trec_eval and others compare, and
    where one would tie with the one before it, it is the next smaller float32: every tool sees this very order.

    exclude_own_id: drop a hit on the query's own id (ArguAna, Quora). Rank one document more than the depth you want:
    the result has at most k - 1 a query.
    """
    depth = ranking.documents.shape[1] - exclude_own_id
    run = {}
    for query_id, documents, scores in zip(query_ids, ranking.documents, ranking.scores, strict=True):
        kept = documents >= 0
        names = doc_ids[documents]
        if exclude_own_id:
            kept &= names != query_id.encode()
        best = np.flatnonzero(kept)[:depth]
        found = (name.decode() for name in names[best].tolist())
        run[query_id] = dict(zip(found, _decreasing(scores[best]).tolist(), strict=True))
    return run


def _decreasing(best_first: np.ndarray) -> np.ndarray:
    """Scores (k,) as float32, each below the one before it."""
    largest = np.finfo(np.float32).max
    rounded: np.ndarray = np.minimum(best_first, largest).astype(np.float32)
    # Where one is moved down, it may reach the next.
    for tied in (np.flatnonzero(rounded[1:] >= rounded[:-1]) + 1).tolist():
        place = tied
        while place < len(rounded) and rounded[place] >= rounded[place - 1]:
            rounded[place] = np.nextafter(rounded[place - 1], np.float32(-np.inf))
            place += 1
    return rounded


def untied(hits: Mapping[str, Mapping[str, float]]) -> Run:
    """Scored documents of each query, in any order, as a run without ties, not even as float32.

    Raises ScoreError for NaN.
    """
    return {query_id: _untied(query_id, documents) for query_id, documents in hits.items()}


def _untied(query_id: str, documents: Mapping[str, float]) -> Mapping[str, float]:
    if any(score != score for score in documents.values()):
        raise ScoreError(f"query {query_id!r} has a score that is not a number (NaN)")
    # Code points of strings and bytes of their UTF-8 are in the same order.
    return _by_place(sorted(documents, key=lambda doc_id: (documents[doc_id], doc_id), reverse=True))


def _by_place(best_first: Sequence[str]) -> dict[str, float]:
    return {doc_id: float(len(best_first) - place) for place, doc_id in enumerate(best_first)}


def write_trec(path: Path, run: Mapping[str, Mapping[str, float]], *, tag: str) -> None:
    """Write `query Q0 doc rank score tag` lines, gzipped where the name ends in .gz; same run, same bytes.

    A kill leaves the old file or the new one. Raises StoreError when the disk is full or read-only.
    """
    rankings = (
        "".join(
            f"{query_id} Q0 {doc_id} {place} {score!r} {tag}\n"
            for place, (doc_id, score) in enumerate(documents.items(), start=1)
        ).encode()
        for query_id, documents in run.items()
    )
    with replacing(path) as file:
        if path.suffix == ".gz":
            # Neither the time nor the file's name goes into the header.
            with gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=file, mtime=0) as packed:
                packed.writelines(rankings)
        else:
            file.writelines(rankings)


def read_trec(path: Path) -> dict[str, dict[str, float]]:
    """Read a TREC run (plain or .gz): query_id -> doc_id -> score, in the file's order and with its ties.

    Raises ScoreError that names every malformed line, score that is no number, and document given twice.
    """
    if (run := plain_run(path)) is not None:
        return run
    run = {}
    with Mistakes(ScoreError) as mistakes:
        for number, (query_id, doc_id, score) in parse_lines(path, _parse_trec, mistakes, kind=ScoreError):
            documents = run.setdefault(query_id, {})
            if doc_id in documents:
                mistakes.add(f"{path}:{number}", f"document {doc_id!r} of query {query_id!r} is already in the run")
            documents[doc_id] = score
    return run


def _parse_trec(line: str) -> tuple[str, str, float]:
    fields = line.split()
    if len(fields) != 6:
        hint = "; MS MARCO's `query doc rank` has no score: write 1 / rank" if len(fields) == 3 else ""
        raise ValueError(f"a run has 6 columns (query Q0 doc rank score tag), this line has {len(fields)}{hint}")
    try:
        score = float(fields[4])
    except ValueError:
        score = math.nan
    if math.isnan(score):
        raise ValueError(f"the score {fields[4]!r} is not a number")
    if abs(score) > LARGEST_SCORE:
        raise ValueError(f"the score {fields[4]!r} of document {fields[2]!r} is beyond what a float32 holds")
    return fields[0], fields[2], score
