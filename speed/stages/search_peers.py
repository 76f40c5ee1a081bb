"""The exact engines that search is measured beside: each a function from a case to its search, ready to run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsebench.rank import tie_order
from sparsebench.search.inverted import InvertedIndex
from sparsebench.workers import workers
from speed.bench import Run

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True, eq=False)
class Vectors:
    """Queries (Q, V), documents (D, V), and our index of them."""

    queries: csr_array
    documents: csr_array
    index: InvertedIndex

    @property
    def order(self) -> np.ndarray:
        """Ties by doc_id."""
        return tie_order(np.arange(self.documents.shape[0]).astype("S"))


@dataclass(frozen=True)
class Case:
    """The k best documents are wanted."""

    vectors: Vectors
    k: int


@dataclass(frozen=True)
class Engine:
    """A peer. make: a case -> its search, ready to run. found: what a search returns -> documents of each query."""

    make: Callable[[Case], Run]
    found: Callable[[Any], Iterable[Sequence[int] | np.ndarray]] = np.asarray


def _scipy(case: Case) -> Run:
    by_term = case.vectors.documents.T.tocsr()

    def run() -> list[np.ndarray]:
        scores = case.vectors.queries @ by_term
        return [_largest(scores, start, stop, case.k) for start, stop in pairwise(scores.indptr)]

    return run


def _largest(scores: csr_array, start: int, stop: int, k: int) -> np.ndarray:
    values, documents = scores.data[start:stop], scores.indices[start:stop]
    some = np.argpartition(-values, k)[:k] if len(values) > k else np.arange(len(values))
    found: np.ndarray = documents[some[np.argsort(-values[some], kind="stable")]]
    return found


def _torch(case: Case) -> Run:
    import torch

    documents, queries = case.vectors.documents, case.vectors.queries
    rows, columns, values = (torch.from_numpy(part) for part in (documents.indptr, documents.indices, documents.data))
    matrix = torch.sparse_csr_tensor(rows.long(), columns.long(), values, documents.shape)

    def run() -> np.ndarray:
        parts = []
        for start in range(0, queries.shape[0], 64):
            scores = matrix @ torch.from_numpy(queries[start : start + 64].toarray().T.copy())
            parts.append(scores.T.contiguous().topk(case.k).indices)
        return torch.cat(parts).numpy()

    return run


def _sparse_dot_topn(case: Case) -> Run:
    from scipy.sparse import csr_matrix
    from sparse_dot_topn import sp_matmul_topn

    queries, by_term = csr_matrix(case.vectors.queries), csr_matrix(case.vectors.documents.T.tocsr())
    return partial(sp_matmul_topn, queries, by_term, top_n=case.k, sort=True, n_threads=workers())


def _splade_index(case: Case) -> Run:
    from splade_index import SPLADE

    engine = SPLADE(backend="numba")
    by_term = case.vectors.documents.tocsc()
    by_term.sort_indices()
    engine.model, engine.corpus = Encoded(case.vectors.queries), np.empty(case.vectors.documents.shape[0], dtype=object)
    engine.document_ids = np.arange(case.vectors.documents.shape[0])
    engine.scores = {
        "data": by_term.data,
        "indices": by_term.indices.astype(np.int32),
        "indptr": by_term.indptr.astype(np.int32),
        "num_docs": case.vectors.documents.shape[0],
    }
    texts = [""] * case.vectors.queries.shape[0]
    return lambda: engine.retrieve(texts, k=case.k, return_as="doc_ids", show_progress=False, n_threads=workers())


class Encoded:
    """Vectors that were encoded before, in the place of splade-index's model."""

    def __init__(self, queries: csr_array) -> None:
        import torch

        entries = (torch.from_numpy(part) for part in (queries.indptr, queries.indices.astype(np.int64), queries.data))
        starts, terms, weights = entries
        self._vectors = [
            torch.sparse_coo_tensor(terms[start:stop][None], weights[start:stop], queries.shape[1:]).coalesce()
            for start, stop in pairwise(starts.tolist())
        ]

    def encode_query(self, queries: Sequence[str], **_: object) -> list[Any]:
        """Return what was encoded before."""
        return self._vectors


def _matrix_rows(found: Any) -> list[np.ndarray]:
    return [found.indices[start:stop] for start, stop in pairwise(found.indptr)]


EXACT = {
    "splade-index (numba)": Engine(_splade_index),
    "sparse_dot_topn": Engine(_sparse_dot_topn, _matrix_rows),
    "scipy": Engine(_scipy, list),
    "torch": Engine(_torch),
}
