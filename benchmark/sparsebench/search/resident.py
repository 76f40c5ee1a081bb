"""The postings of a collection on a device: uploaded once, searched as often as anybody asks.

Every score is the sum that a CPU's index makes: by ascending dimension, one product at a time in float32. Within a
dimension no document occurs twice, so its products are added all at once without atomics, and the order of the sums is
the order of the dimensions.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.rank import TopKeys
from sparsebench.search import dense, term_rounds
from sparsebench.search.compiled import Compiled
from sparsebench.search.postings import SEGMENT, Postings
from sparsebench.search.source import ranges
from sparsebench.types import Ranking

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from torch import Tensor


class ResidentIndex:
    """Documents (D, V), float32 CSR with finite weights, on `device`: 6 bytes a posting, 8 V bytes a segment.

    Example: `ResidentIndex(documents, "cuda").top(queries, 10, order)`.
    """

    def __init__(self, documents: csr_array, device: str) -> None:
        self.documents, self.device = documents, device
        self._compiled = Compiled.on(device)

    @staticmethod
    def serves(device: str) -> bool:
        """Whatever torch has, but a CPU, where it is for tests."""
        return device != "cpu"

    @property
    def engine(self) -> str:
        """Name of what computes scores, for the record, and why nothing faster does."""
        if self._compiled.reason is None:
            return "resident postings (triton)"
        return f"resident postings, dense blocks for the best (torch; {self._compiled.reason})"

    def fill(self, queries: csr_array, columns: slice) -> Tensor:
        """Scores (Q, d) of the documents `columns`."""
        asked = term_rounds.Asked.of(queries, self.device)
        return self._fill(asked, columns)

    def top(self, queries: csr_array, k: int, order: np.ndarray, width: int = SEGMENT) -> Ranking:
        """The k best documents with a score above 0 of each query; order: (D,) as `tie_order` gives it.

        width: documents scored at once, at most.
        """
        if self._compiled.reason is not None and dense.serves(queries, self.documents):
            return dense.top(self._by_document, queries, k, order, width)
        best = TopKeys(queries.shape[0], k, order, self.device)
        asked = term_rounds.Asked.of(queries, self.device)
        for columns in ranges(self.documents.shape[0], width):
            scores = self._fill(asked, columns)
            term_rounds.refuse_overflow(scores, columns)
            best.add(columns, scores)
        return best.ranking()

    def _fill(self, asked: term_rounds.Asked, columns: slice) -> Tensor:
        if self._compiled.reason is None:
            return self._compiled.fill(self.postings, asked, columns)
        return term_rounds.fill(self.postings, asked, columns)

    @cached_property
    def postings(self) -> Postings:
        """Postings by term."""
        return Postings.of(self.documents, self.device)

    @cached_property
    def _by_document(self) -> dense.Documents:
        return dense.Documents.of(self.documents, self.device)
