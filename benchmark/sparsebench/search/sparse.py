"""Scores from sparse vectors: exact dot products.

Each score is summed in one order, by ascending dimension, so neither the width of a block nor the other queries change
a byte of it.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.errors import ScoreError
from sparsebench.search.inverted import LazyIndex
from sparsebench.search.source import DEFAULT_WIDTH, Source, ranges
from sparsebench.types import Ranking

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from torch import Tensor

TILE = 512
"""Documents multiplied at once. Measured with the tiny SPLADE: 512 and 1,024 are fastest, whatever Q and D."""


@dataclass(frozen=True, eq=False)
class SparseScores(Source):
    """Dot products (Q, D) of `queries` (Q, V) and `documents` (D, V), float32 CSR with sorted indices.

    A document is retrieved when its score is above 0. Memory beside the vectors: O(Q * block), and one dense tile of
    documents over the terms of all queries.
    device: "cpu" (scipy's compiled product, or an inverted index once that pays), or a device of torch, where a
    resident index makes the same sums in the same order. index: of these documents, to share between queries.
    """

    queries: csr_array
    documents: csr_array
    _: KW_ONLY
    device: str = "cpu"
    block: int = DEFAULT_WIDTH
    first_row: int = 0
    index: LazyIndex | None = None
    floor: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        """Raises ScoreError for queries and documents of two vocabularies."""
        if self.queries.shape[1] != self.documents.shape[1]:
            raise ScoreError(
                f"query vectors have {self.queries.shape[1]} dimensions, and document vectors "
                f"{self.documents.shape[1]}: they are of two vocabularies"
            )

    @property
    def shape(self) -> tuple[int, int]:
        """(Q, D)."""
        return self.queries.shape[0], self.documents.shape[0]

    def rows(self, start: int, stop: int) -> SparseScores:
        """Implement `ScoreBlocks.rows`."""
        return replace(self, queries=self.queries[start:stop], first_row=self.first_row + start, index=self._lazy_index)

    def scores(self, columns: slice) -> Tensor:
        """Scores (Q, d)."""
        import torch

        if self.device != "cpu":
            return self._lazy_index.on(self.device).fill(self.queries, columns)
        scores = torch.empty(self.shape[0], columns.stop - columns.start)
        index = self._lazy_index.serving(self.queries, scores.shape[1])
        if index:
            index.fill(self.queries, columns, scores.numpy())
            return scores
        for tile in ranges(scores.shape[1], TILE):
            documents = self.documents[columns.start + tile.start : columns.start + tile.stop]
            scores[:, tile] = product_by_scipy(self._own, documents[:, self._terms])
        return scores

    def top(self, k: int, order: np.ndarray) -> Ranking:
        """Implement `Source.top`."""
        if self.device != "cpu":
            return self._lazy_index.on(self.device).top(self.queries, k, order, self.block)
        index = self._lazy_index.serving(self.queries, self.shape[1])
        return index.top(self.queries, k, order) if index else super().top(k, order)

    @cached_property
    def _lazy_index(self) -> LazyIndex:
        return self.index or LazyIndex(self.documents)

    @cached_property
    def _terms(self) -> np.ndarray:
        """Dimensions of any query, ascending: all that the product needs."""
        return np.unique(self.queries.indices)

    @cached_property
    def _own(self) -> csr_array:
        return self.queries[:, self._terms]


def product_by_scipy(queries: csr_array, documents: csr_array) -> Tensor:
    """(Q, V) x (d, V) -> (Q, d). With dense documents: 1.5 to 3 times as fast as scipy's product of two sparse ones."""
    import torch

    return torch.from_numpy(queries @ documents.T.toarray(order="C"))
