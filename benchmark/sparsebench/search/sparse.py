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
from sparsebench.search.engines import LazyIndex
from sparsebench.search.source import DEFAULT_WIDTH, Source
from sparsebench.types import Ranking

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class SparseScores(Source):
    """Dot products (Q, D) of `queries` (Q, V) and `documents` (D, V), float32 CSR with sorted indices.

    A document is retrieved when its score is above 0. Memory beside the vectors: O(Q * block), and the engine's.
    device: "cpu" or a device of torch; `engines` says what computes there. index: of these documents, to share between
    queries.

    Example:
        >>> import numpy as np
        >>> from scipy.sparse import csr_array
        >>> queries, documents = (csr_array(np.array(each, np.float32)) for each in ([[1, 0]], [[2, 3], [0, 1]]))
        >>> SparseScores(queries, documents).scores(slice(0, 2)).tolist()
        [[2.0, 0.0]]
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
        """Raise ScoreError for queries and documents of two vocabularies."""
        if self.queries.shape[1] != self.documents.shape[1]:
            raise ScoreError(
                f"query vectors have {self.queries.shape[1]} dimensions, and document vectors "
                f"{self.documents.shape[1]}: they are of two vocabularies"
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Number of queries and documents, (Q, D)."""
        return self.queries.shape[0], self.documents.shape[0]

    def rows(self, start: int, stop: int) -> SparseScores:
        """Implement `ScoreBlocks.rows`."""
        return replace(self, queries=self.queries[start:stop], first_row=self.first_row + start, index=self._lazy_index)

    def scores(self, columns: slice) -> Tensor:
        """Scores (Q, d)."""
        return self._lazy_index.on(self.device).fill(self.queries, columns)

    def top(self, k: int, order: np.ndarray) -> Ranking:
        """Implement `Source.top`."""
        best = self._lazy_index.on(self.device).top(self.queries, k, order, self.block)
        return super().top(k, order) if best is None else best

    @cached_property
    def _lazy_index(self) -> LazyIndex:
        return self.index or LazyIndex(self.documents)
