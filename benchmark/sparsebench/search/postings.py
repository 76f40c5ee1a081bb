"""Postings of a collection on a device, in segments of documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.device import upload
from sparsebench.search.source import ranges

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from torch import Tensor

SEGMENT = 2**15
"""Documents numbered from 0, so that a number takes 16 bits and a row of sums stays in the second cache."""


@dataclass(frozen=True, eq=False)
class Postings:
    """Postings of all segments on a device: those of term t in segment s are at starts[s, t] to starts[s, t + 1].

    starts: (segments, V + 1) int64. numbers: (n,) int16, within the segment, ascending in a term. weights: (n,).
    size: D.
    """

    starts: Tensor
    numbers: Tensor
    weights: Tensor
    size: int

    @classmethod
    def of(cls, documents: csr_array, device: str) -> Postings:
        """Upload documents (D, V)."""
        starts, numbers, weights, before = [], [], [], 0
        for segment in ranges(documents.shape[0], SEGMENT):
            by_term = documents[segment].tocsc()
            by_term.sort_indices()
            starts.append(by_term.indptr.astype(np.int64) + before)
            numbers.append(by_term.indices.astype(np.int16))
            weights.append(by_term.data.astype(np.float32, copy=False))
            before += by_term.nnz
        table = upload(np.concatenate(starts), device).view(len(starts), -1)
        on_device = upload(np.concatenate(numbers), device)
        return cls(table, on_device, upload(np.concatenate(weights), device), size=documents.shape[0])
