"""Exact scores from resident postings in plain torch: the n-th terms of all queries at once, for n = 0, 1, …

In a round every query has one term, and a term no document twice, so no two products go to the same sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.device import upload
from sparsebench.errors import ScoreError
from sparsebench.search.postings import SEGMENT, Postings

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Asked:
    """Queries on a device, their terms round by round.

    rows, terms: (n,) int64, weights: (n,) of all terms: the first of each query, then the second of each. rounds: where
    each round stands. queries: Q. row_starts, row_terms, row_weights: the same query by query, as CSR.
    """

    rows: Tensor
    terms: Tensor
    weights: Tensor
    rounds: tuple[slice, ...]
    queries: int
    row_starts: Tensor
    row_terms: Tensor
    row_weights: Tensor

    @classmethod
    def of(cls, queries: csr_array, device: str) -> Asked:
        """Upload queries (Q, V) with sorted indices."""
        lengths = np.diff(queries.indptr)
        place = np.arange(queries.nnz) - np.repeat(queries.indptr[:-1], lengths)
        by_round = np.argsort(place, kind="stable")
        ends = np.cumsum(np.bincount(place, minlength=0))
        rounds = tuple(slice(int(stop - size), int(stop)) for stop, size in zip(ends, np.bincount(place), strict=True))
        rows = np.repeat(np.arange(queries.shape[0]), lengths)
        terms, weights = queries.indices.astype(np.int64), queries.data.astype(np.float32, copy=False)
        return cls(
            rows=upload(rows[by_round], device),
            terms=upload(terms[by_round], device),
            weights=upload(weights[by_round], device),
            rounds=rounds,
            queries=queries.shape[0],
            row_starts=upload(queries.indptr.astype(np.int64), device),
            row_terms=upload(terms, device),
            row_weights=upload(weights, device),
        )


def fill(postings: Postings, asked: Asked, columns: slice) -> Tensor:
    """Scores (Q, d) of the documents `columns`."""
    import torch

    width = columns.stop - columns.start
    scores = torch.zeros(asked.queries, width, device=asked.weights.device)
    for number in range(columns.start // SEGMENT, -(-columns.stop // SEGMENT)):
        segment = slice(number * SEGMENT, min((number + 1) * SEGMENT, postings.size))
        start, end = segment.start, segment.stop
        first, stop = (min(max(at, start), end) - start for at in (columns.start, columns.stop))
        _add_segment(postings, number, asked, (first, stop), scores, start - columns.start)
    return scores


def _add_segment(
    postings: Postings, number: int, asked: Asked, part: tuple[int, int], scores: Tensor, offset: int
) -> None:
    """Add the products of the documents part[0] to part[1] of a segment; document 0 of it is column `offset`."""
    import torch

    starts = postings.starts[number]
    begin, end = starts[asked.terms], starts[asked.terms + 1]
    begin, end = (lower_bound(postings.numbers, begin, end, least, SEGMENT) for least in part)
    lengths = end - begin
    sums = torch.stack([lengths[each].sum() for each in asked.rounds]).tolist() if asked.rounds else []
    flat = scores.view(-1)
    for each, total in zip(asked.rounds, sums, strict=True):
        owner = torch.repeat_interleave(
            torch.arange(each.start, each.stop, device=scores.device), lengths[each], output_size=total
        )
        before = lengths[each].cumsum(0) - lengths[each]
        place = torch.arange(total, device=scores.device) + (begin[each] - before)[owner - each.start]
        product = asked.weights[owner] * postings.weights[place]
        at = asked.rows[owner] * scores.shape[1] + postings.numbers[place] + offset
        flat.index_put_((at,), flat[at] + product)


def lower_bound(numbers: Tensor, begin: Tensor, end: Tensor, least: Tensor | int, longest: int) -> Tensor:
    """Find in each range (begin, end), ascending and no longer than `longest`, the first place whose number is >=
    least, else its end.
    """
    import torch

    low, high = begin, end
    for _ in range(longest.bit_length() if len(numbers) else 0):
        middle = (low + high) // 2
        less = (low < high) & (numbers[middle.clamp(max=len(numbers) - 1)] < least)
        low, high = torch.where(less, middle + 1, low), torch.where(less, high, middle)
    return low


def refuse_overflow(scores: Tensor, columns: slice) -> None:
    """Raise ScoreError for a score (Q, d) that is not finite."""
    sound = scores.isfinite()
    if not bool(sound.all()):
        row, place = (~sound).nonzero()[0].tolist()
        raise ScoreError(
            f"the score of query row {row} and document {columns.start + place} is infinite: its weights are too "
            "large for float32"
        )
