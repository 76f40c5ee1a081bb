"""A TREC run as a system: whatever ranked it, its scores are measured beside ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from sparsebench import Json, ModelError, Query, ScoredIds, ScoreError, Scorer
from sparsebench.provenance import file_digest
from sparsebench.rank import read_trec


@dataclass(frozen=True, kw_only=True)
class RunFile(Scorer):
    """Scores of a file with `query Q0 doc rank score tag` lines, plain or .gz; what it does not list is unseen.

    Documents outside the collection keep their ranks and are counted, as are queries that the file lacks.
    """

    path: Path
    """The run file."""

    dense = False

    def missing(self) -> Sequence[str]:
        """The file, where it is not at hand."""
        return () if self.path.is_file() else (f"{self.path}: there is no such run file; set `path:`",)

    def identity(self) -> Mapping[str, Json]:
        """Return the file's digest; its name does not matter. Raises ModelError."""
        if absent := self.missing():
            raise ModelError(absent[0])
        return {"run": file_digest(self.path)}

    def outside(self, doc_ids: np.ndarray) -> np.ndarray:
        """Documents of the run that are not in the collection: dropping them would move all that stand below."""
        named = {doc_id.encode() for hits in self._run.values() for doc_id in hits}
        return np.array(sorted(named - set(doc_ids.tolist())), dtype=np.bytes_)

    def score(self, queries: Sequence[Query], doc_ids: np.ndarray) -> ScoredIds:
        """CSR scores (Q, D + O). Raises ModelError that names every malformed line and document given twice."""
        from scipy.sparse import csr_array

        place = {doc_id: at for at, doc_id in enumerate(doc_ids.tolist())}
        rows = [self._run.get(query.query_id, {}) for query in queries]
        values = np.array([score for hits in rows for score in hits.values()], dtype=np.float32)
        columns = np.array([place[doc_id.encode()] for hits in rows for doc_id in hits], dtype=np.int64)
        starts = np.cumsum([0, *map(len, rows)])
        scores = csr_array((values, columns, starts), shape=(len(queries), len(doc_ids)))
        scores.sort_indices()
        return ScoredIds(scores, {"queries_not_in_run": sum(query.query_id not in self._run for query in queries)})

    @cached_property
    def _run(self) -> dict[str, dict[str, float]]:
        try:
            return read_trec(self.path)
        except ScoreError as error:
            raise ModelError(str(error)) from error
