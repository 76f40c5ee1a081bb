"""`pooling.pool` with the decoder in bfloat16, where the CPU multiplies that several times faster, and still exact.

The bfloat16 logits only say which terms of a text can be positive at all, under one in a hundred; these are computed
again from the float32 weights. With h, w a hidden state and a row of the decoder, and h', w' rounded to bfloat16,

    |h'w' - hw| = |h'(w' - w) + (h' - h)w| <= |h'| |w' - w| + |h' - h| |w|      (Cauchy-Schwarz, twice),

whose norms are known: about 2^-8 |h| |w|, where the worst case of rounding would be twice that. To it comes the
float32 sum of n products in any order, <= n 2^-23 |h'| |w'|, and that the result is rounded to bfloat16 once more.
So a logit further below zero than this bound is surely not positive, and one further below the largest of its text and
term is surely not the largest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmark.encoding.numba_pooling import Entries, offsets, pool_blocks
from benchmark.encoding.pooling import BLOCK, Activation, Pooling, pooled_tokens

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from torch import Tensor

CAUTION = 1.001
"""The bound itself is computed in float32."""

DENSE = 64
"""Once a block needs more than one logit in so many again, decoding it in float32 is cheaper."""


class ExactBf16:
    """A decoder: weight (V, h) float32, bias (V,) or None. It keeps the weights in bfloat16 too."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self._weight = weight
        self._rounded = weight.bfloat16()
        self._bias = offsets(weight, bias)
        self._size = weight.norm(dim=1).numpy()  # |w|, (V,)
        self._lost = (weight - self._rounded).norm(dim=1).numpy()  # |w' - w|, (V,)

    def __call__(
        self,
        hidden: Tensor,
        lengths: np.ndarray,
        *,
        pooling: Pooling = "max",
        activation: Activation = "relu",
        block: int = BLOCK,
    ) -> csr_array:
        """As `pool`, on a CPU, equal to it within 1e-5; the support differs only where a logit is as close to 0."""
        import torch

        from benchmark.encoding.exact_bf16_kernel import pool_candidates
        from benchmark.encoding.pooling_kernel import pool_block

        hidden, lengths = pooled_tokens(hidden, lengths, pooling)
        rounded = hidden.bfloat16()
        ends, bias, weight = np.cumsum(lengths), self._bias, self._weight.numpy()
        slack = self.slack(hidden, rounded)
        reaches = reach(-bias - slack)
        floors = ordered(reaches)
        how = (pooling == "sum", activation == "log1p_relu")

        def select(logits: Tensor, terms: slice, entries: Entries) -> int:
            bits, most = logits.view(torch.int16).numpy(), logits.numel() // DENSE
            bounds = (floors[terms], reaches[terms], slack[terms])
            decoder = (hidden.numpy(), weight[terms], bias[terms])
            found: int = pool_candidates(bits, ends, *bounds, *decoder, *how, most, *entries)
            if found < 0:
                exact = torch.mm(hidden, self._weight[terms].T).numpy()
                found = pool_block(exact, ends, bias[terms], *how, *entries)
            return found

        return pool_blocks(
            rounded, len(ends), self._rounded, select, pooling=pooling, activation=activation, block=block
        )

    def slack(self, hidden: Tensor, rounded: Tensor) -> np.ndarray:
        """(V,): how far h'w' can be from hw for any of the hidden states (T, h), before it is rounded itself."""
        size, lost = (float(states.norm(dim=1).max()) for states in (rounded.float(), hidden - rounded))
        summing = hidden.shape[1] * 2.0**-23 * size * (self._size + self._lost)
        slack: np.ndarray = CAUTION * (size * self._lost + lost * self._size + summing)
        return slack


def reach(least: np.ndarray) -> np.ndarray:
    """The least numbers that can be what bfloat16 makes of numbers >= `least`; float32."""
    from benchmark.encoding.exact_bf16_kernel import ROUNDING

    numbers: np.ndarray = (least / (1 + np.copysign(ROUNDING, least))).astype(np.float32)
    return numbers


def ordered(numbers: np.ndarray) -> np.ndarray:
    """Float32 -> int16, so that no bfloat16 > a number is beneath it, in the kernel's order of bfloat16."""
    bits = numbers.view(np.int32)
    keys: np.ndarray = ((bits ^ (bits >> 31 & 0x7FFFFFFF)) >> 16).astype(np.int16)
    return keys
