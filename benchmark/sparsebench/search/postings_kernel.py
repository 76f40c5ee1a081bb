"""The loops of exact search on a GPU, compiled by triton; only `compiled` imports this.

One program scores one query for the documents of one segment. Its sums lie in the output, a row of 128 kB that stays in
the second cache. It goes through the query's terms in their order and stands at a barrier after each: within a term no
document occurs twice, so nothing is atomic, and a sum is that of the CPU: one product at a time, never fused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
import triton
import triton.language as tl
from scipy.sparse import random_array

from sparsebench.search import term_rounds
from sparsebench.search.postings import SEGMENT, Postings

if TYPE_CHECKING:
    from torch import Tensor

AT_ONCE = 1024


@triton.jit
def _first_posting(numbers, begin, end, least):
    """The first place from begin to end whose document is >= least; end if there is none."""
    while begin < end:
        middle = (begin + end) // 2
        less = tl.load(numbers + middle).to(tl.int32) < least
        begin = tl.where(less, middle + 1, begin)
        end = tl.where(less, end, middle)
    return begin


@triton.jit
def _fill(
    starts, numbers, weights, row_starts, terms, factors, scores, first, stop, before,
    vocabulary, width: tl.int64, SEGMENT: tl.constexpr, AT_ONCE: tl.constexpr,
):  # fmt: skip
    """Fill scores (Q, width), row by row, of the documents first to stop, segments counted from `before`."""
    query, segment = tl.program_id(0), before + tl.program_id(1)
    start = segment * SEGMENT
    least, end = tl.maximum(first - start, 0), tl.minimum(stop - start, SEGMENT)
    row = scores + query.to(tl.int64) * width + (start - first)
    lanes = tl.arange(0, AT_ONCE)
    for at in range(least, end, AT_ONCE):
        tl.store(row + at + lanes, tl.zeros([AT_ONCE], tl.float32), mask=at + lanes < end)
    tl.debug_barrier()
    table = starts + segment.to(tl.int64) * (vocabulary + 1)
    for place in range(tl.load(row_starts + query), tl.load(row_starts + query + 1)):
        term, factor = tl.load(terms + place), tl.load(factors + place)
        posting, last = tl.load(table + term), tl.load(table + term + 1)
        posting = _first_posting(numbers, posting, last, least)
        last = _first_posting(numbers, posting, last, end)
        for at in range(posting, last, AT_ONCE):
            there = at + lanes < last
            document = tl.load(numbers + at + lanes, mask=there, other=0).to(tl.int32)
            weight = tl.load(weights + at + lanes, mask=there, other=0.0)
            total = tl.load(row + document, mask=there, other=0.0)
            tl.store(row + document, total + factor * weight, mask=there)
        tl.debug_barrier()


def fill(postings: Postings, asked: term_rounds.Asked, columns: slice) -> Tensor:
    """Scores (Q, d) of the documents `columns`."""
    width, before = columns.stop - columns.start, columns.start // SEGMENT
    scores = torch.empty(asked.queries, width, device=asked.weights.device)
    grid = (asked.queries, -(-columns.stop // SEGMENT) - before)
    if scores.numel():
        _fill[grid](
            postings.starts, postings.numbers, postings.weights, asked.row_starts, asked.row_terms, asked.row_weights,
            scores, columns.start, columns.stop, before, postings.starts.shape[1] - 1, width,
            SEGMENT=SEGMENT, AT_ONCE=AT_ONCE, num_warps=8, num_stages=1, enable_fp_fusion=False,
        )  # fmt: skip
    return scores


def agrees(device: str) -> bool:
    """Return whether the kernel's scores of random vectors are those of plain torch, to the last bit."""
    chance = np.random.default_rng(0)
    queries, documents = (
        random_array((size, 97), density=0.3, dtype=np.float32, rng=chance, format="csr") for size in (7, 1500)
    )
    for vectors in (queries, documents):
        vectors.sort_indices()
    postings, asked = Postings.of(documents, device), term_rounds.Asked.of(queries, device)
    columns = slice(3, 1490)
    return torch.equal(fill(postings, asked, columns), term_rounds.fill(postings, asked, columns))
