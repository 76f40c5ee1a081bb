"""Log-sum-exp of a block of scores on a GPU, compiled by triton; only `_on_device` imports this.

Scores are read as they are, in float32 or float64, and every exponential is taken in float64 once. Terms of a document
are added up by ascending query and those of a query in chunks of documents: the width of a block changes no byte.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl

from sparsebench_plugins.postprocessors._row_sums import CHUNK
from sparsebench_plugins.postprocessors._shares import Largest

if TYPE_CHECKING:
    from torch import Tensor

DOCUMENTS = 128


@triton.jit
def _largest(
    scores, inverse, weights, tops, owners, rests, queries, width, row_stride: tl.int64, AT_ONCE: tl.constexpr
):
    """Compute for AT_ONCE documents the largest term, its query, and log-sum-exp of all others."""
    columns = tl.program_id(0) * AT_ONCE + tl.arange(0, AT_ONCE)
    there = columns < width
    by = tl.load(inverse)
    top = tl.full([AT_ONCE], float("-inf"), tl.float64)
    second = tl.full([AT_ONCE], float("-inf"), tl.float64)
    owner = tl.zeros([AT_ONCE], tl.int64)
    for row in range(queries):
        term = tl.load(scores + row * row_stride + columns, mask=there, other=0.0).to(tl.float64) * by
        term = term + tl.load(weights + row)
        larger = term > top
        second = tl.where(larger, top, tl.where(term > second, term, second))
        owner = tl.where(larger, row, owner)
        top = tl.where(larger, term, top)
    total = tl.zeros([AT_ONCE], tl.float64)
    peak = tl.where(second == float("-inf"), 0.0, second)
    for row in range(queries):
        term = tl.load(scores + row * row_stride + columns, mask=there, other=0.0).to(tl.float64) * by
        term = term + tl.load(weights + row)
        total += tl.where(owner == row, 0.0, tl.exp(term - peak))
    tl.store(tops + columns, top, mask=there)
    tl.store(owners + columns, owner, mask=there)
    tl.store(rests + columns, second + tl.log(tl.where(total == 0.0, 1.0, total)), mask=there)


@triton.jit
def _chunks(scores, inverse, weights, found, first, row_stride: tl.int64, chunks: tl.int64, CHUNK: tl.constexpr):
    """Compute log-sum-exp of one query and CHUNK documents."""
    row, chunk = tl.program_id(0).to(tl.int64), tl.program_id(1)
    columns = first + chunk * CHUNK + tl.arange(0, CHUNK)
    term = tl.load(scores + row * row_stride + columns).to(tl.float64) * tl.load(inverse) + tl.load(weights + columns)
    peak = tl.max(term, axis=0)
    tl.store(found + row * chunks + chunk, peak + tl.log(tl.sum(tl.exp(term - peak), axis=0)))


def largest(scores: Tensor, tau: float, lu: Tensor) -> Largest:
    """Find the largest terms of M = S / tau + lu, for scores (Q, d) and lu (Q,) float64 on the same device."""
    queries, width = scores.shape
    scores = scores if scores.stride(1) == 1 else scores.contiguous()
    top, rest = (torch.empty(width, dtype=torch.float64, device=scores.device) for _ in range(2))
    owner = torch.empty(width, dtype=torch.int64, device=scores.device)
    _largest[(triton.cdiv(width, DOCUMENTS),)](
        scores, _inverse(scores, tau), lu, top, owner, rest, queries, width, scores.stride(0), AT_ONCE=DOCUMENTS,
        enable_fp_fusion=False,
    )  # fmt: skip
    return Largest(top, owner, rest)


def chunk_sums(scores: Tensor, tau: float, lv: Tensor, columns: slice) -> Tensor:
    """LSE (Q, n / CHUNK) float64 of S / tau + lv over chunks of the n columns of scores (Q, d), lv (d,) float64."""
    scores = scores if scores.stride(1) == 1 else scores.contiguous()
    chunks = (columns.stop - columns.start) // CHUNK
    found = torch.empty(len(scores), chunks, dtype=torch.float64, device=scores.device)
    _chunks[(len(scores), chunks)](
        scores, _inverse(scores, tau), lv, found, columns.start, scores.stride(0), chunks, CHUNK=CHUNK,
        enable_fp_fusion=False,
    )  # fmt: skip
    return found


def chunk_of_terms(terms: Tensor) -> Tensor:
    """Return log-sum-exp (Q, 1) of one chunk of terms (Q, n) float64 that are at hand, n <= CHUNK."""
    whole = torch.nn.functional.pad(terms, (0, CHUNK - terms.shape[1]), value=-math.inf)
    return chunk_sums(whole, 1.0, torch.zeros_like(whole[0]), slice(0, CHUNK))


def _inverse(scores: Tensor, tau: float) -> Tensor:
    """Put 1 / tau in memory: a number among the arguments would be a float32."""
    return torch.full((1,), 1 / tau, dtype=torch.float64, device=scores.device)


def agrees(device: str) -> bool:
    """Return whether both kernels give what torch gives on random scores, but for rounding."""
    chance = torch.Generator().manual_seed(0)
    scores = torch.rand(5, 3 * CHUNK + 7, generator=chance).to(device)
    lu, lv = (torch.rand(size, generator=chance, dtype=torch.float64).to(device) for size in scores.shape)
    found, columns = largest(scores, 0.05, lu), slice(3, 3 + 2 * CHUNK)
    terms = scores.double() / 0.05 + lu[:, None]
    top, owner = terms.max(dim=0)
    rest = terms.scatter(0, owner[None], -math.inf).logsumexp(dim=0)
    rows = (scores.double() / 0.05 + lv)[:, columns].reshape(5, 2, CHUNK).logsumexp(dim=2)
    pairs = ((found.top, top), (found.rest, rest), (chunk_sums(scores, 0.05, lv, columns), rows))
    return torch.equal(found.owner, owner) and all(torch.allclose(a, b, rtol=1e-13, atol=1e-12) for a, b in pairs)
