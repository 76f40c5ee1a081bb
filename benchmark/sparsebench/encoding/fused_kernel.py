"""Compute max_i h_i . w_t + b_t without logits, compiled by triton; only `fused` imports this.

One program goes over the tokens of one text for one block of terms, a tile of tokens after the other, and keeps the
maxima so far in registers. Products are in float32 or, where torch is set to it, in TF32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl

if TYPE_CHECKING:
    from torch import Tensor

TOKENS, TERMS, INNER = 64, 128, 32


@triton.jit
def _largest(
    hidden, there, weight, bias, found, length, terms, inner: tl.int64,
    TOKENS: tl.constexpr, TERMS: tl.constexpr, INNER: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Write the largest logits to found (N, terms), of hidden (N, length, inner), there (N, length), weight (terms,
    inner), bias (terms,).
    """
    text = tl.program_id(0).to(tl.int64)
    term = tl.program_id(1) * TERMS + tl.arange(0, TERMS)
    best = tl.full([TERMS], float("-inf"), tl.float32)
    for first in range(0, length, TOKENS):
        token = first + tl.arange(0, TOKENS)
        real = tl.load(there + text * length + token, mask=token < length, other=0) != 0
        logits = tl.zeros([TOKENS, TERMS], tl.float32)
        for start in range(0, inner, INNER):
            place = start + tl.arange(0, INNER)
            states = tl.load(
                hidden + (text * length + token[:, None]) * inner + place[None, :],
                mask=(token[:, None] < length) & (place[None, :] < inner), other=0.0,
            )  # fmt: skip
            rows = tl.load(
                weight + term[None, :] * inner + place[:, None],
                mask=(term[None, :] < terms) & (place[:, None] < inner), other=0.0,
            )  # fmt: skip
            logits = tl.dot(states, rows, logits, input_precision=PRECISION)
        best = tl.maximum(best, tl.max(tl.where(real[:, None], logits, float("-inf")), axis=0))
    offset = tl.load(bias + term, mask=term < terms, other=0.0)
    tl.store(found + text * terms + term, best + offset, mask=term < terms)


def largest(hidden: Tensor, there: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return the largest logits (N, V) of hidden (N, L, h), there (N, L) bool, weight (V, h), bias (V,)."""
    texts, length, inner = hidden.shape
    found = torch.empty(texts, len(weight), device=hidden.device)
    precision = "ieee" if torch.get_float32_matmul_precision() == "highest" else "tf32"
    _largest[(texts, triton.cdiv(len(weight), TERMS))](
        hidden.contiguous(), there.to(torch.int8), weight, bias, found, length, len(weight), inner,
        TOKENS=TOKENS, TERMS=TERMS, INNER=INNER, PRECISION=precision,
    )  # fmt: skip
    return found
