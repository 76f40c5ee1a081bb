"""Models that make sparse vectors: scores are their dot products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.contracts import VectorModel
from sparsebench.evaluate.forms.form import Form, Part, Scores, block_width
from sparsebench.evaluate.vectors import GroupVectors
from sparsebench.planning import Group
from sparsebench.search import LazyIndex, SparseScores
from sparsebench.types import Json, Query, Ranking

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class VectorForm(Form[VectorModel]):
    """An encoder of text, or a model fitted to the corpus."""

    has_vectors = True

    @cached_property
    def vectors(self) -> GroupVectors:
        """Sparse vectors of the model, through the store."""
        return GroupVectors(self.group, self.model, self.store, self.progress, self.watch)

    def scores(self, queries: Sequence[Query], part: Part) -> Scores[SparseScores]:
        """Dot products; noted are the collection's queries without a term of the model, which score 0 everywhere."""
        texts = [query.text for query in queries]
        vectors = self.vectors.queries(texts)
        empty = _empty(texts, vectors) if part == "collection" else 0
        return Scores(self._products(vectors, part), {"queries_without_terms": empty} if empty else {})

    def make_shards(self, rows: Sequence[range]) -> None:
        """Encode those that are missing."""
        self.vectors.make_shards(rows)

    def search(self, query_vectors: csr_array, depth: int, order: np.ndarray) -> Ranking:
        """The documents with a score above 0 for query vectors (N, V), best first; order: (D,), breaks ties."""
        return self._products(query_vectors, "collection").top(depth, order)

    def facts(self) -> Mapping[str, Json]:
        """Share of texts cut at the maximum length, by role; what encoded, and what computed scores."""
        return {**self.vectors.facts(), "search": self._index.on(self.group.search_device).engine}

    def seconds(self) -> Mapping[str, float]:
        """Seconds of encoding."""
        return self.vectors.seconds()

    def _products(self, queries: csr_array, part: Part) -> SparseScores:
        return dot_products(self.group, queries, self._bank_index if part == "bank gallery" else self._index)

    @cached_property
    def _index(self) -> LazyIndex:
        return LazyIndex(self.vectors.documents.matrix)

    @cached_property
    def _bank_index(self) -> LazyIndex:
        return LazyIndex(self.vectors.bank_documents.matrix)


def dot_products(group: Group, queries: csr_array, index: LazyIndex) -> SparseScores:
    """Scores of query vectors (Q, V) and the documents of `index`, where and in blocks as the group has them."""
    width = block_width(queries.shape[0])
    return SparseScores(queries, index.documents, device=group.search_device, block=width, index=index)


def _empty(texts: Sequence[str], vectors: csr_array) -> int:
    """Return how many texts have no entry in their vectors (N, V), though they are not blank."""
    return sum(bool(text.strip()) for text, active in zip(texts, np.diff(vectors.indptr), strict=True) if not active)
