"""Exact search through an inverted index (needs numba): the sums of scipy's product, byte for byte.

Documents stand in segments of 65,536: a number takes 16 bits, and the sums of a query stay in the cache whatever D.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.errors import ScoreError
from sparsebench.rank import UNRANKED, Packed
from sparsebench.search.source import ranges
from sparsebench.types import Ranking
from sparsebench.workers import in_threads

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SEGMENT = 2**16
QUERIES_AT_ONCE = 64


class InvertedIndex:
    """Postings of documents (D, V), float32 CSR with finite weights; 6 bytes each, and 8 V bytes a segment."""

    def __init__(self, documents: csr_array) -> None:
        self._segments = in_threads(partial(_segment, documents), ranges(documents.shape[0], SEGMENT))

    def fill(self, queries: csr_array, columns: slice, scores: np.ndarray) -> None:
        """Write the scores of `queries` (Q, V) and the documents `columns` to `scores` (Q, d)."""
        from sparsebench.search.inverted_kernel import fill

        rows_at, terms, weights = _terms(queries)

        def fill_rows(rows: slice) -> None:
            for segment in self._segments:
                first, stop = (min(max(at - segment.start, 0), segment.size) for at in (columns.start, columns.stop))
                if first < stop:
                    at = segment.start + first - columns.start
                    part = scores[rows, at : at + stop - first]
                    fill(*segment.postings, rows_at[rows.start : rows.stop + 1], terms, weights, (first, stop), part)

        in_threads(fill_rows, ranges(queries.shape[0], QUERIES_AT_ONCE))

    def top(self, queries: csr_array, k: int, order: np.ndarray) -> Ranking:
        """The k best documents with a score above 0 for each of `queries` (Q, V); Q x D scores are never written.

        order: (D,) as `tie_order` gives it. Raises ScoreError for a score that overflows.
        """
        packed = Packed(order)
        whole = Ranking(np.empty((queries.shape[0], k), np.int64), np.empty((queries.shape[0], k)))

        def rank(rows: slice) -> None:
            keys = packed.none(rows.stop - rows.start, k)
            for segment in self._segments:
                places = packed.places[segment.start : segment.start + segment.size]
                keys = packed.best(keys, _candidates(segment, queries, rows, places, k, packed.bounds(keys)))
            _refuse_overflow(rows, packed, keys)
            part = packed.ranking(keys)
            whole.documents[rows], whole.scores[rows] = part.documents, part.scores

        in_threads(rank, ranges(queries.shape[0], QUERIES_AT_ONCE))
        return whole


@dataclass(frozen=True, eq=False)
class Segment:
    """Postings of `size` documents from `start`, numbered from 0; see `inverted_kernel`."""

    start: int
    size: int
    postings: tuple[np.ndarray, np.ndarray, np.ndarray]


def _segment(documents: csr_array, columns: slice) -> Segment:
    by_term = documents[columns].tocsc()
    by_term.sort_indices()
    starts, numbers = by_term.indptr.astype(np.int64), by_term.indices.astype(np.uint16)
    return Segment(columns.start, by_term.shape[0], (starts, numbers, by_term.data.astype(np.float32, copy=False)))


def _terms(queries: csr_array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """CSR rows as the kernels take them."""
    rows_at, terms = queries.indptr.astype(np.int64, copy=False), queries.indices.astype(np.int64, copy=False)
    return rows_at, terms, queries.data.astype(np.float32, copy=False)


def _candidates(
    segment: Segment, queries: csr_array, rows: slice, places: np.ndarray, k: int, bounds: np.ndarray
) -> np.ndarray:
    """Keys (Q, c) of the segment's best documents for some queries, `UNRANKED` where there are fewer."""
    from sparsebench.search.inverted_kernel import STRIP, candidates, pad

    rows_at, terms, weights = _terms(queries)
    rows_at = rows_at[rows.start : rows.stop + 1]
    count = len(rows_at) - 1
    room, counts = _room(k, segment.size), np.empty(count, np.int64)
    while True:
        keys = np.empty((count, room), np.int64)
        candidates(*segment.postings, rows_at, terms, weights, places, k, bounds, keys, counts)
        if (width := int(counts.max())) <= room - STRIP:
            break
        room = width + STRIP  # many documents tie
    pad(keys[:, :width], counts, UNRANKED)
    return keys[:, :width]


def _room(k: int, size: int) -> int:
    """Candidates (STRIP more) that the kernel's sample seldom lets through more than: four standard deviations."""
    from sparsebench.search.inverted_kernel import SAMPLE, STRIP

    step = size // SAMPLE + 1
    wanted = k / step + 3 * math.sqrt(k / step) + 3
    return min(size, int(step * (wanted + 4 * math.sqrt(wanted)))) + STRIP


def _refuse_overflow(rows: slice, packed: Packed, keys: np.ndarray) -> None:
    """Raise ScoreError where the best of keys (Q, k), ascending, has an infinite score."""
    best = packed.ranking(keys[:, -1:])
    infinite = np.flatnonzero(np.isposinf(best.scores[:, 0]))
    if len(infinite):
        row = infinite[0]
        raise ScoreError(
            f"the score of query row {rows.start + row} and document {best.documents[row, 0]} is infinite: "
            "its weights are too large for float32"
        )
