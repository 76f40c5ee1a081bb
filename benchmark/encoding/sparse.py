"""What is done to sparse vectors after pooling: top-n pruning, and columns put back in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def prune(vectors: csr_array, keep: int) -> csr_array:
    """The `keep` >= 1 largest entries of each row of (N, V); of equal ones those with the smaller id."""
    from scipy.sparse import csr_array

    sizes = np.diff(vectors.indptr)
    rows = np.repeat(np.arange(len(sizes)), sizes)
    by_weight = np.lexsort((vectors.indices, -vectors.data, rows))
    rank = np.arange(len(rows)) - vectors.indptr[rows]
    kept = np.sort(by_weight[rank < keep])
    row_ends = np.minimum(sizes, keep).cumsum()
    return csr_array((vectors.data[kept], vectors.indices[kept], np.append(0, row_ends)), shape=vectors.shape)


def widen(vectors: csr_array, ids: np.ndarray, size: int) -> csr_array:
    """(N, W) -> (N, size): column j becomes column ids[j]; `ids` (W,) increase. The other columns are never active."""
    from scipy.sparse import csr_array

    return csr_array((vectors.data, ids[vectors.indices], vectors.indptr), shape=(vectors.shape[0], size))
