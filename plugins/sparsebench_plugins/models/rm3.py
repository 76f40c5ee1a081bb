"""RM3: BM25 with queries expanded by the terms of their best documents (Lavrenko and Croft 2001; METHODS 2.7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Le, Lt

from sparsebench import Document, Encoded, LoadedEncoder, Role
from sparsebench.rank import tie_order
from sparsebench.search import LazyIndex, SparseScores
from sparsebench_plugins.models.bm25 import Bm25, FittedBm25

if TYPE_CHECKING:
    from scipy.sparse import csr_array

DOCUMENTS_AT_ONCE = 4096
QUERIES_AT_ONCE = 512


@dataclass(frozen=True, kw_only=True)
class Rm3(Bm25):
    """Lexical expansion: what neural expansion is compared with (H4 of METHODS 2.6).

    Documents are those of `bm25`. A query is ranked by it; the terms of its best documents, weighed by how they score,
    are mixed with its own. Terms of the new query that the old one lacks are its expansion.

    >>> Rm3(feedback_documents=5).original_weight
    0.5
    """

    expands_queries: ClassVar[bool] = True  # type: ignore[misc]

    feedback_documents: Annotated[int, Ge(1)] = 10
    """How many documents, the best by BM25, feed terms back (Terrier: 10)."""

    feedback_terms: Annotated[int, Ge(1)] = 10
    """How many terms are fed back (Terrier: 10)."""

    original_weight: Annotated[float, Ge(0), Lt(1)] = 0.5
    """Weight of the query's own terms, lambda: .5 in Anserini, .6 in Terrier."""

    max_df: Annotated[float, Gt(0), Le(1)] = 0.1
    """Largest share of the documents that a term fed back may occur in: else the best terms are stop words."""

    def fit(self, documents: Callable[[], Iterator[Document]], device: str) -> LoadedEncoder:
        """Read the corpus twice: for the statistics of BM25, and for the terms of each document."""
        bm25 = super().fit(documents, device)
        assert isinstance(bm25, FittedBm25)
        counts, doc_ids = _counts(bm25, documents())
        return LoadedRm3(self, bm25, counts, doc_ids)


class LoadedRm3(LoadedEncoder):
    """RM3 over a corpus. counts: (D, V) term counts. doc_ids: (D,) bytes, which break ties among feedback documents."""

    def __init__(self, model: Rm3, bm25: FittedBm25, counts: csr_array, doc_ids: np.ndarray) -> None:
        self.vocabulary = bm25.vocabulary
        self._model, self._bm25, self._counts = model, bm25, counts
        self._order = tie_order(doc_ids)
        self._impacts = bm25.impacts(counts)
        self._index = LazyIndex(self._impacts)
        self._allowed = _allowed(model, bm25, counts)

    def encode(self, texts: Sequence[str], role: Role) -> Encoded:
        """Encode documents (N, V) as BM25 does, queries (N, V) as mixtures of their own and of fed-back terms."""
        if role == "document":
            return self._bm25.encode(texts, role)
        from scipy.sparse import csr_array, vstack

        parts = [self._expanded(texts[at : at + QUERIES_AT_ONCE]) for at in range(0, len(texts), QUERIES_AT_ONCE)]
        empty = csr_array((0, self.vocabulary.size), dtype=np.float32)
        return Encoded(vstack([empty, *parts], format="csr"))

    def _expanded(self, texts: Sequence[str]) -> csr_array:
        from scipy.sparse import vstack

        queries = self._bm25.encode(texts, "query").vectors
        scores = SparseScores(queries, self._impacts, index=self._index)
        best = scores.top(self._model.feedback_documents, self._order)
        return vstack(
            [self._mixed(queries[[row]], best.documents[row], best.scores[row]) for row in range(len(texts))],
            format="csr",
        )

    def _mixed(self, query: csr_array, documents: np.ndarray, scores: np.ndarray) -> csr_array:
        """Mix lambda p(t|q) + (1 - lambda) p(t|R), (1, V); a query that retrieves nothing stays as it is."""
        from scipy.sparse import csr_array

        found = documents[documents >= 0]
        if not len(found):
            return query
        terms, weights = self._feedback(self._counts[found], scores[: len(found)])
        mixture = np.zeros(self.vocabulary.size)
        mixture[query.indices] = self._model.original_weight * query.data / query.data.sum()
        mixture[terms] += (1 - self._model.original_weight) * weights
        mixed = csr_array(mixture[None].astype(np.float32))
        mixed.eliminate_zeros()
        return mixed

    def _feedback(self, counts: csr_array, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The best terms (T,) of the feedback documents and their weights, which add up to 1; ties by term."""
        weights = np.where(self._allowed, relevance_model(counts, scores), 0.0)
        candidates = np.flatnonzero(weights)
        names = np.array([self.vocabulary.token(term) for term in candidates.tolist()])
        best = candidates[np.lexsort((names, -weights[candidates]))[: self._model.feedback_terms]]
        return best, weights[best] / (weights[best].sum() or 1)


def relevance_model(counts: csr_array, scores: np.ndarray) -> np.ndarray:
    """Estimate p(t|R) = sum_d p(d) tf(t, d) / |d| with p(d) proportional to the score, (V,) float64.

    counts: (F, V) term counts of the feedback documents. scores: (F,) > 0.
    """
    lengths = counts.sum(axis=1)  # (F, V) -> (F,)
    shares = scores / scores.sum() / np.maximum(lengths, 1)
    mixture: np.ndarray = counts.T @ shares  # (V, F) @ (F,) -> (V,)
    return mixture


def _counts(bm25: FittedBm25, documents: Iterator[Document]) -> tuple[csr_array, np.ndarray]:
    """Term counts (D, V) and ids (D,) of the corpus."""
    from scipy.sparse import csr_array, vstack

    parts, doc_ids = [csr_array((0, bm25.vocabulary.size))], list[bytes]()
    while some := list(islice(documents, DOCUMENTS_AT_ONCE)):
        parts.append(bm25.counts([document.text for document in some]))
        doc_ids += [document.doc_id.encode() for document in some]
    return vstack(parts, format="csr"), np.array(doc_ids, dtype=np.bytes_)


def _allowed(model: Rm3, bm25: FittedBm25, counts: csr_array) -> np.ndarray:
    """Mark terms (V,) that may be fed back: none of bm25s's English stop words, none in too many documents."""
    from bm25s.stopwords import STOPWORDS_EN

    df = np.bincount(counts.indices, minlength=counts.shape[1])
    allowed: np.ndarray = df <= model.max_df * counts.shape[0]
    allowed[bm25.vocabulary.token_ids([" ".join(STOPWORDS_EN)])[0]] = False
    return allowed
