"""The model `sparse_vectors` as suites name it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sparsebench import Json, ModelError, Query, ScoredIds, Scorer
from sparsebench.provenance import file_digest
from sparsebench_plugins.models.sparse_vectors.reading import Rows, Terms, read_rows

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True, kw_only=True)
class SparseVectors(Scorer):
    """Vectors of documents and queries that somebody else made, by id; scores are their inner products.

    Example: `SparseVectors(documents=Path("docs.jsonl"), queries=Path("queries.jsonl"))`.
    """

    documents: Path
    """Vectors of documents: JSON lines as Anserini's JsonVectorCollection has them (a file, plain or .gz, or a folder),
    an .npz of lsr-benchmark or of SciPy, or a parquet file with the columns `id` and `vector`."""

    queries: Path
    """Vectors of queries, in any of these forms; terms are matched by name, those of SciPy by number."""

    document_ids: Path | None = None
    """Of an .npz of documents the file of ids, one a line; `NAME-ids.txt` beside `NAME-embeddings.npz` if left out."""

    query_ids: Path | None = None
    """Of an .npz of queries the file of ids, one a line."""

    def identity(self) -> Mapping[str, Json]:
        """Digests of all files."""
        paths = (self.documents, self.queries, self.document_ids, self.query_ids)
        return {"files": [_digests(path) for path in paths if path is not None], "rounding": "float32"}

    def missing(self) -> Sequence[str]:
        """Name the files that are not there."""
        paths = (self.documents, self.queries, self.document_ids, self.query_ids)
        return [f"{path} is not there" for path in paths if path is not None and not path.exists()]

    def score(self, queries: Sequence[Query], doc_ids: np.ndarray) -> ScoredIds:
        """Inner products (Q, D); a document without a vector has no score, a query without one is an error."""
        asked, there, found = self._loaded
        rows = [asked.get(query.query_id) for query in queries]
        if lacking := [query.query_id for query, row in zip(queries, rows, strict=True) if row is None]:
            raise ModelError(
                f"{self.queries}: no vector of query {lacking[0]!r}; {len(lacking)} of {len(rows)} lack one"
            )
        query_vectors = found[0][[row for row in rows if row is not None]]
        places = np.array([there.get(name.decode(), -1) for name in doc_ids.tolist()], np.int64)
        present = np.flatnonzero(places >= 0)
        scores = (query_vectors @ found[1][places[present]].T).tocsr()
        wide = _spread(scores, present, len(doc_ids))
        return ScoredIds(wide, {"documents_without_vector": len(doc_ids) - len(present)})

    @cached_property
    def _loaded(self) -> tuple[dict[str, int], dict[str, int], tuple[csr_array, csr_array]]:
        terms = Terms()
        documents = read_rows(self.documents, self.document_ids, terms)
        queries = read_rows(self.queries, self.query_ids, terms)
        size = len(terms.places)
        if not np.isin(queries.columns, documents.columns).any():
            raise ModelError(f"{self.documents} and {self.queries} share no term; are both of one vocabulary and form?")
        return _places(queries), _places(documents), (queries.matrix(size), documents.matrix(size))


def _places(rows: Rows) -> dict[str, int]:
    return {name: at for at, name in enumerate(rows.ids)}


def _spread(scores: csr_array, columns: np.ndarray, width: int) -> csr_array:
    """Spread scores (Q, present) to (Q, width): column j becomes columns[j]."""
    from scipy.sparse import csr_array

    scores.sort_indices()
    return csr_array((scores.data, columns[scores.indices], scores.indptr), shape=(scores.shape[0], width))


def _digests(path: Path) -> Json:
    if not path.is_dir():
        return file_digest(path)
    return {each.relative_to(path).as_posix(): file_digest(each) for each in sorted(path.rglob("*")) if each.is_file()}
