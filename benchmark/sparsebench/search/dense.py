"""The best documents by dense products in low precision, those that can be among them computed again exactly.

Blocks of documents become dense over the terms that queries have and are multiplied by bfloat16, which a GPU does a
hundred times as fast as it adds postings up. With weights from 0 up a product of rounded factors is relatively close to
the product, so what is further below the k-th best than twice the bound is surely not among the best. The rest, k and a
few, is looked up in the postings and summed as a CPU sums it: by ascending dimension in float32, one product at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.device import upload
from sparsebench.rank import TopKeys
from sparsebench.search.source import ranges
from sparsebench.search.term_rounds import lower_bound
from sparsebench.types import Ranking

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from torch import Tensor

BLOCK_BYTES = 2**29
"""Of documents made dense."""
LOOKED_UP = 2**24
"""Entries of documents looked up at once."""
ROUNDING = 2.0**-8
"""A number that bfloat16 makes x of lies within ROUNDING |x| of x: twice for the factors, once for the product."""
SAFE = 1e-18, 1e15
"""Weights between, whose products neither vanish nor overflow."""


@dataclass(frozen=True, eq=False)
class Documents:
    """CSR on a device: starts (D + 1,) int64 there and on the host, terms (n,) int32, weights (n,).

    longest: entries of the longest document.
    """

    device: str
    starts: Tensor
    host_starts: np.ndarray
    terms: Tensor
    weights: Tensor
    longest: int

    @classmethod
    def of(cls, documents: csr_array, device: str) -> Documents:
        """Upload documents (D, V) with sorted indices."""
        starts = documents.indptr.astype(np.int64)
        return cls(
            device=device,
            starts=upload(starts, device),
            host_starts=starts,
            terms=upload(documents.indices.astype(np.int32), device),
            weights=upload(documents.data.astype(np.float32, copy=False), device),
            longest=int(np.diff(starts).max(initial=0)),
        )

    def dense(self, columns: slice, asked: Asked) -> Tensor:
        """Documents (d, T + 1) in bfloat16 over the T terms asked for; all others share the last column."""
        import torch

        entries = slice(*self.host_starts[[columns.start, columns.stop]].tolist())
        lengths = self.starts[columns.start : columns.stop + 1].diff()
        rows = torch.arange(len(lengths), device=self.device)
        rows = rows.repeat_interleave(lengths, output_size=entries.stop - entries.start)
        block = torch.zeros(len(lengths), asked.matrix.shape[1], dtype=torch.bfloat16, device=self.device)
        block[rows, asked.column[self.terms[entries]]] = self.weights[entries].bfloat16()
        return block


@dataclass(frozen=True, eq=False)
class Asked:
    """Queries on a device: matrix (Q, T + 1) bfloat16 over the T terms of any of them, the last column zeros.

    column: (V,) int64, where a term stands in it. terms (Q, n) int32, weights (Q, n): of each query, ascending; -1 and
    0 where it has fewer than n.
    """

    matrix: Tensor
    column: Tensor
    terms: Tensor
    weights: Tensor

    @classmethod
    def of(cls, queries: csr_array, device: str) -> Asked:
        """Upload queries (Q, V) with sorted indices."""
        lengths = np.diff(queries.indptr)
        rows, own = np.repeat(np.arange(queries.shape[0]), lengths), np.unique(queries.indices)
        column = np.full(queries.shape[1], len(own))
        column[own] = np.arange(len(own))
        at = rows, np.arange(queries.nnz) - np.repeat(queries.indptr[:-1], lengths)
        terms = np.full((queries.shape[0], max(1, lengths.max(initial=0))), -1, np.int32)
        weights, matrix = np.zeros(terms.shape, np.float32), np.zeros((len(terms), len(own) + 1), np.float32)
        terms[at], weights[at] = queries.indices, queries.data
        matrix[rows, column[queries.indices]] = queries.data
        parts = (upload(part, device) for part in (matrix, column, terms, weights))
        return cls(next(parts).bfloat16(), *parts)

    @property
    def closeness(self) -> float:
        """The least that a rough score can be of one that is as good, both rounded."""
        off = 3.05 * ROUNDING + self.terms.shape[1] * 2.0**-21  # and the sum of n products, in any order
        return (1 - off) / (1 + off)


def serves(queries: csr_array, documents: csr_array) -> bool:
    """Return whether the bound holds: all weights lie in the safe range, above 0."""
    return all(
        vectors.nnz > 0 and SAFE[0] <= vectors.data.min() and vectors.data.max() <= SAFE[1]
        for vectors in (queries, documents)
    )


def top(documents: Documents, queries: csr_array, k: int, order: np.ndarray, width: int) -> Ranking:
    """The k best documents with a score above 0 of each of `queries` (Q, V), exactly.

    order: (D,) as `tie_order` gives it. width: documents multiplied at once, at most.
    """
    best = TopKeys(queries.shape[0], k, order, documents.device)
    asked, margin = Asked.of(queries, documents.device), max(64, k // 4)
    width = max(1, min(width, BLOCK_BYTES // (2 * asked.matrix.shape[1])))
    while True:
        rough, found = _rough(documents, asked, min(k + margin, len(order)), width)
        if k + margin >= len(order) or not _more_are_as_good(rough, asked.closeness, k):
            break
        margin *= 4
    best.add_some(found, exact(documents, asked, found))
    return best.ranking()


def _more_are_as_good(rough: Tensor, closeness: float, k: int) -> bool:
    """Return whether for any query what was left out can be as good as the k-th: rough (Q, c), best first."""
    last = rough[:, -1]
    return bool(((last > 0) & (last >= rough[:, k - 1] * closeness)).any())


def _rough(documents: Documents, asked: Asked, k: int, width: int) -> tuple[Tensor, Tensor]:
    """The k highest rough scores (Q, k), best first, and their documents; `width` of these at once."""
    import torch

    queries = asked.matrix.shape[0]
    best = torch.empty(queries, 0, device=documents.device)
    which = torch.empty(queries, 0, dtype=torch.int64, device=documents.device)
    for columns in ranges(len(documents.host_starts) - 1, width):
        scores = (asked.matrix @ documents.dense(columns, asked).T).float()
        values, places = scores.topk(min(k, scores.shape[1]), dim=1)
        best, which = torch.cat([best, values], dim=1), torch.cat([which, places + columns.start], dim=1)
        best, places = best.topk(min(k, best.shape[1]), dim=1)
        which = which.gather(1, places)
    return best, which


def exact(documents: Documents, asked: Asked, found: Tensor) -> Tensor:
    """Scores (Q, c) of documents (Q, c), summed by ascending dimension."""
    import torch

    scores = torch.zeros(found.shape, device=documents.device)
    for rows in ranges(len(found), max(1, LOOKED_UP // max(1, found.shape[1] * asked.terms.shape[1]))):
        weights = _looked_up(documents, found[rows], asked.terms[rows])
        for place in range(asked.terms.shape[1]):
            scores[rows] += asked.weights[rows, place, None] * weights[:, :, place]
    return scores


def _looked_up(documents: Documents, found: Tensor, terms: Tensor) -> Tensor:
    """Weights (q, c, n) of documents (q, c) for the terms (q, n) of each query, 0 where a document has not the term."""
    begin, end = (documents.starts[found + step][:, :, None].expand(*found.shape, terms.shape[1]) for step in (0, 1))
    wanted = terms[:, None, :]
    place = lower_bound(documents.terms, begin, end, wanted, documents.longest)
    there = place < end
    place = place.where(there, 0)
    return documents.weights[place].where(there & (documents.terms[place] == wanted), 0)
