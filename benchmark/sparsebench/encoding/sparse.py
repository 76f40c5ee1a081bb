"""Sparse vectors: made from their entries, pruned to the largest ones, their columns put back in their place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def csr(values: np.ndarray, columns: np.ndarray, row_sizes: np.ndarray, size: int) -> csr_array:
    """Make a CSR array (N, size) from its entries, row after row; row_sizes: (N,).

    scipy keeps indices of 64 bits where it is given them, and half of what an index holds would be zeros.
    """
    from scipy.sparse import csr_array

    row_ends = np.append(0, np.cumsum(row_sizes))
    return csr_array((values, columns.astype(np.int32), row_ends.astype(np.int32)), shape=(len(row_sizes), size))


def beside(blocks: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], size: int) -> csr_array:
    """Make a CSR array (N, size) from blocks of its columns, left to right: columns and values of the entries, row
    after row, and how many each row has (N,). Much cheaper than scipy's hstack where rows are few and blocks are many.
    """
    columns, values, sizes = zip(*blocks, strict=True)
    rows = np.concatenate([np.repeat(np.arange(len(block)), block) for block in sizes])
    by_row = np.argsort(rows, kind="stable")
    return csr(np.concatenate(values)[by_row], np.concatenate(columns)[by_row], np.sum(sizes, axis=0), size)


def prune(vectors: csr_array, keep: int) -> csr_array:
    """The `keep` >= 1 largest entries of each row of (N, V); of equal ones those with the smaller id."""
    sizes = np.diff(vectors.indptr)
    rows = np.repeat(np.arange(len(sizes)), sizes)
    by_weight = np.lexsort((vectors.indices, -vectors.data, rows))
    rank = np.arange(len(rows)) - vectors.indptr[rows]
    kept = np.sort(by_weight[rank < keep])
    return csr(vectors.data[kept], vectors.indices[kept], np.minimum(sizes, keep), vectors.shape[1])


def prune_ratio(vectors: csr_array, ratio: float) -> csr_array:
    """Keep the entries of each row of (N, V) that are larger than `ratio` times its largest, 0 <= ratio < 1.

    OpenSearch's neural sparse search prunes so (`max_ratio`).
    """
    sizes = np.diff(vectors.indptr)
    rows = np.repeat(np.arange(len(sizes)), sizes)
    largest = np.zeros(len(sizes), vectors.data.dtype)
    np.maximum.at(largest, rows, vectors.data)
    kept = vectors.data > (largest * vectors.data.dtype.type(ratio))[rows]
    left = np.bincount(rows[kept], minlength=len(sizes))
    return csr(vectors.data[kept], vectors.indices[kept], left, vectors.shape[1])


def widen(vectors: csr_array, ids: np.ndarray, size: int) -> csr_array:
    """Widen vectors (N, W) to (N, size): column j becomes column ids[j]; `ids` (W,) increase.

    The other columns are never active.
    """
    return csr(vectors.data, ids[vectors.indices], np.diff(vectors.indptr), size)
