"""The best documents of each query, from blocks of scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sparsebench.errors import ScoreError
from sparsebench.types import Ranking

if TYPE_CHECKING:
    from torch import Tensor


def tie_order(doc_ids: np.ndarray) -> np.ndarray:
    """Return the place (D,) int64 of each document among all ids (D,), UTF-8 bytes, in descending order."""
    order = np.empty(len(doc_ids), dtype=np.int64)
    order[np.argsort(doc_ids)[::-1]] = np.arange(len(doc_ids))
    return order


class _Hits(NamedTuple):
    """Scored pairs: query rows, documents, scores, all (n,)."""

    rows: np.ndarray
    documents: np.ndarray
    scores: np.ndarray


class TopK:
    """The k best documents of each of Q queries, from blocks of documents in any order and of any size.

    Exact, ties at the cut included. Blocks stay on their device; what could still rank moves to the CPU.
    order: (D,) as `tie_order` gives it.

    Example:
        >>> import torch
        >>> best = TopK(1, 2, np.arange(3))
        >>> best.add(slice(0, 3), torch.tensor([[0.5, 2.0, 1.0]]))
        >>> best.ranking().documents.tolist()
        [[1, 2]]
    """

    def __init__(self, query_count: int, k: int, order: np.ndarray) -> None:
        self._queries, self._k, self._order = query_count, k, order
        self._kept = _Hits(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
        self._pending: list[_Hits] = []
        self._bound = np.full(query_count, -np.inf)

    def add(self, columns: slice, scores: Tensor, candidates: Tensor | None = None) -> None:
        """Take in scores (Q, d) of the documents `columns`.

        candidates: (Q, d) bool, which pairs may be ranked at all. A score of -inf says the same of one pair.
        Raises ScoreError for NaN.
        """
        import torch

        _refuse_nan(columns, scores)
        bound = torch.from_numpy(self._bound).to(scores.device, scores.dtype)
        wanted = (scores > -torch.inf) & (scores >= bound[:, None])
        if candidates is not None:
            wanted &= candidates
        order = torch.from_numpy(self._order[columns]).to(scores.device)
        rows, places = _cut(wanted, scores, order, self._k).nonzero(as_tuple=True)
        found = scores[rows, places].cpu().to(torch.float64).numpy()
        self._take(_Hits(rows.cpu().numpy(), places.cpu().numpy() + columns.start, found))

    def add_some(self, rows: Tensor, documents: Tensor, scores: Tensor) -> None:
        """Take in scores (n,) of pairs, none of them NaN or -inf, of rows (n,) and documents (n,)."""
        import torch

        found = scores.cpu().to(torch.float64).numpy()
        self._take(_Hits(rows.cpu().numpy(), documents.cpu().numpy(), found))

    def _take(self, hits: _Hits) -> None:
        self._pending.append(hits)
        # Ordering is cheap per pair when it is done for many at once, and the bound needs no more than that.
        if sum(len(pending.rows) for pending in self._pending) >= self._queries * self._k:
            self._compact()

    def ranking(self) -> Ranking:
        """The result so far."""
        self._compact()
        rows, places = self._kept.rows, _places(self._kept.rows)
        documents = np.full((self._queries, self._k), -1, dtype=np.int64)
        scores = np.full((self._queries, self._k), -np.inf)
        documents[rows, places] = self._kept.documents
        scores[rows, places] = self._kept.scores
        return Ranking(documents=documents, scores=scores)

    def _compact(self) -> None:
        hits = _Hits(*map(np.concatenate, zip(self._kept, *self._pending, strict=True)))
        best_first = np.lexsort((self._order[hits.documents], -hits.scores, hits.rows))
        places = _places(hits.rows[best_first])
        kept = best_first[places < self._k]
        self._kept = _Hits(*(column[kept] for column in hits))
        self._pending = []
        last = best_first[places == self._k - 1]
        self._bound[hits.rows[last]] = hits.scores[last]


def _places(rows: np.ndarray) -> np.ndarray:
    """Places within runs of equal values: [3, 3, 5] -> [0, 1, 0]."""
    return np.arange(len(rows)) - np.searchsorted(rows, rows)


def _refuse_nan(columns: slice, scores: Tensor) -> None:
    nan = scores.isnan()
    if bool(nan.any()):
        row, place = nan.nonzero()[0].tolist()
        raise ScoreError(f"the score of query row {row} and document {columns.start + place} is not a number (NaN)")


def _cut(wanted: Tensor, scores: Tensor, order: Tensor, k: int) -> Tensor:
    """Narrow `wanted` (Q, d) to fewer than 2 k of each row, its k best among them.

    torch.topk alone would choose among ties as it likes: here it only finds where to cut.
    """
    import torch

    if scores.shape[1] <= k or int(wanted.sum(dim=1).max()) <= k:
        return wanted
    wanted_scores = scores.where(wanted, -torch.inf)
    kth = wanted_scores.topk(k, dim=1).values[:, -1:]  # -inf in rows that want fewer than k
    tied = wanted & (scores == kth)
    tied_order = torch.where(tied, order, torch.iinfo(order.dtype).max)
    last = tied_order.topk(k, dim=1, largest=False).values[:, -1:]
    return (wanted_scores > kth) | (tied & (order <= last))
