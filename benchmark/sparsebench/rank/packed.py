"""A float32 score and a place among ties in one int64, so that sorting plain numbers orders documents."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sparsebench.types import Ranking

PLACES = 0xFFFFFFFF
"""The low half of a key: a document comes first among ties where `PLACES - key` is smallest."""

UNRANKED = np.iinfo(np.int64).min
"""Less than any key."""


@dataclass(frozen=True, eq=False)
class Packed:
    """Keys of documents with scores from 0 up: a better document has a larger key, and no two have the same.

    order: (D,) as `tie_order` gives it, D < 2**32.

    Example:
        >>> packed = Packed(np.array([2, 1, 0]))
        >>> keys = np.sort(pack(np.array([[0.5, 2.0, 0.5]], np.float32), packed.order))
        >>> packed.ranking(keys).documents.tolist()
        [[1, 2, 0]]
    """

    order: np.ndarray

    def none(self, queries: int, k: int) -> np.ndarray:
        """Keys (Q, k) of no document."""
        return np.full((queries, k), UNRANKED)

    @cached_property
    def places(self) -> np.ndarray:
        """The low half (D,) int64 of each document's key."""
        return PLACES - self.order.astype(np.int64)

    def best(self, keys: np.ndarray, more: np.ndarray) -> np.ndarray:
        """The k largest, (Q, k) ascending, of keys (Q, k) in ascending order and of more keys (Q, c)."""
        k = keys.shape[1]
        if more.shape[1] < k or (keys[:, -1] != UNRANKED).any():
            more = np.concatenate([keys, more], axis=1)
        return np.sort(more, axis=1)[:, -k:]

    def bounds(self, keys: np.ndarray) -> np.ndarray:
        """The k-th best scores (Q,) so far, -inf where there are fewer: nothing beneath can be among the best."""
        return np.where(keys[:, 0] == UNRANKED, np.float32(-np.inf), unpack(keys[:, 0]))

    def ranking(self, keys: np.ndarray) -> Ranking:
        """Unpack keys (Q, k) in ascending order into a ranking, best first."""
        best_first = keys[:, ::-1]
        if keys.size and keys[:, 0].min() != UNRANKED:
            return Ranking(self._documents[PLACES - (best_first & PLACES)], unpack(best_first).astype(np.float64))
        ranked = best_first != UNRANKED
        documents = self._documents[np.where(ranked, PLACES - (best_first & PLACES), 0)]
        return Ranking(
            np.where(ranked, documents, -1), np.where(ranked, unpack(best_first).astype(np.float64), -np.inf)
        )

    @cached_property
    def _documents(self) -> np.ndarray:
        documents = np.empty_like(self.order)
        documents[self.order] = np.arange(len(self.order))
        return documents


def pack(scores: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Float32 scores >= 0 and places 0 <= p < 2**32 -> int64: larger for larger scores, among equal ones for less p."""
    # The bits of floats from 0 up are in the order of the floats.
    keys: np.ndarray = scores.view(np.int32).astype(np.int64) << 32 | (PLACES - places)
    return keys


def unpack(keys: np.ndarray) -> np.ndarray:
    """The scores in keys, float32."""
    return (keys >> 32).astype(np.int32).view(np.float32)


def best_of_rows(scores: np.ndarray, k: int) -> np.ndarray:
    """Columns (X, k) int64 of the k best scores above 0 of each row (X, d), best first, -1 where there are fewer.

    Of equal scores, compared as float32, the leftmost is best: columns stand in tie_order. TopK does the same for many
    documents; this is for many rows.
    """
    width = scores.shape[1]
    keys = pack(np.where(scores > 0, scores, 0).astype(np.float32), np.arange(width))
    if width > k:
        keys = np.partition(keys, width - k, axis=1)[:, width - k :]
    best_first = np.sort(keys, axis=1)[:, ::-1]
    columns = np.full((len(scores), k), -1, dtype=np.int64)
    columns[:, : best_first.shape[1]] = np.where(best_first >> 32 > 0, PLACES - (best_first & PLACES), -1)
    return columns
