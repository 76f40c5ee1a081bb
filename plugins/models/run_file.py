"""A TREC run as a system: whatever ranked it, its scores are measured beside ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from pathlib import Path

import numpy as np

from benchmark import Query, ScoredIds, Scorer
from benchmark.errors import ModelError, ScoreError
from benchmark.fingerprint import file_digest
from benchmark.rank import read_trec
from benchmark.types import Json


class RunFile(Scorer):
    """Scores of a file with `query Q0 doc rank score tag` lines, plain or .gz; what it does not list is unseen.

    path: the file. Documents outside the collection, and queries the file lacks, are left out and counted.
    """

    dense = False

    def __init__(self, *, path: Path) -> None:
        self._path = path

    def missing(self) -> Sequence[str]:
        """The file, where it is not at hand."""
        return () if self._path.is_file() else (f"{self._path}: there is no such run file; set `path:`",)

    def identity(self) -> Mapping[str, Json]:
        """Its digest; the name of the file does not matter. Raises ModelError."""
        if absent := self.missing():
            raise ModelError(absent[0])
        return {"run": file_digest(self._path)}

    def score(self, queries: Sequence[Query], doc_ids: np.ndarray) -> ScoredIds:
        """CSR scores (Q, D). Raises ModelError that names every malformed line and document given twice."""
        from scipy.sparse import csr_array

        try:
            run = read_trec(self._path)
        except ScoreError as error:
            raise ModelError(str(error)) from error
        asked = [run.get(query.query_id, {}) for query in queries]
        named = {doc_id for documents in asked for doc_id in documents}
        column = _columns(named, doc_ids)
        rows = [{column[doc_id]: score for doc_id, score in hits.items() if doc_id in column} for hits in asked]
        values = np.array([score for row in rows for score in row.values()], dtype=np.float32)
        columns = np.array([place for row in rows for place in row], dtype=np.int64)
        starts = np.cumsum([0, *map(len, rows)])
        scores = csr_array((values, columns, starts), shape=(len(queries), len(doc_ids)))
        scores.sort_indices()
        return ScoredIds(
            scores,
            notes={
                "documents_outside_collection": len(named) - len(column),
                "queries_not_in_run": sum(query.query_id not in run for query in queries),
            },
        )


def _columns(named: Set[str], doc_ids: np.ndarray) -> dict[str, int]:
    """Where the named documents stand in the collection; those outside are absent."""
    places = ((doc_id.decode(), place) for place, doc_id in enumerate(doc_ids.tolist()))
    return {doc_id: place for doc_id, place in places if doc_id in named}
