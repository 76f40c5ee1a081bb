"""`pooling.pool` with the decoder in low precision, which a CPU may multiply several times faster, and still exact.

The rounded logits only say which terms of a text can be positive at all, one or two in a hundred; these are computed
again from the float32 weights. With h, w a hidden state and a row of the decoder, and h', w' rounded,

    |h'w' - hw| = |h'(w' - w) + (h' - h)w| <= |h'| |w' - w| + |h' - h| |w|      (Cauchy-Schwarz, twice),

whose norms are known, and far below the worst case of rounding. To it comes the float32 sum of n products in any order,
<= n 2^-23 |h'| |w'|. So a logit further below zero than this bound is surely not positive, and one further below the
largest of its text and term is surely not the largest.

Two precisions: `exact_bf16` and `exact_int8`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.encoding.numba_pooling import Entries, offsets, pool_blocks
from sparsebench.encoding.pooling import BLOCK, Activation, Pooling, pooled_tokens

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from torch import Tensor

CAUTION = 1.001
"""The bound itself is computed in float32."""

DENSE = 64
"""Once a block needs more than one logit in so many again, decoding it in float32 is cheaper."""


@dataclass(frozen=True)
class Rounded:
    """Vectors (n, h) in low precision: row i stands for scale[i] * factors[i]; scale (n,) float32."""

    factors: Tensor
    scale: Tensor

    def numbers(self) -> Tensor:
        """Return the vectors that the factors stand for, (n, h) float32."""
        return self.factors.float() * self.scale[:, None]


@dataclass(frozen=True)
class Batch:
    """Texts to pool: hidden (T, h) and scale (T,) of its rounded form, ends (N,) of the texts, slack (V,): how far a
    rounded logit can be from the logit. how: sum instead of maximum, `log1p_relu` instead of `relu`."""

    hidden: np.ndarray
    scale: np.ndarray
    ends: np.ndarray
    slack: np.ndarray
    how: tuple[bool, bool]


class CandidateDecoder(ABC):
    """A decoder: weight (V, h) float32, bias (V,) or None. It keeps the weights in low precision too."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self.weight = weight
        self.bias = offsets(weight, bias)
        self.rounded = self.round(weight)
        self._size = weight.norm(dim=1).numpy()  # |w|, (V,)
        self._lost = (weight - self.rounded.numbers()).norm(dim=1).numpy()  # |w' - w|, (V,)

    @abstractmethod
    def round(self, vectors: Tensor) -> Rounded:
        """Vectors (n, h) in low precision."""

    @abstractmethod
    def multiply(self, left: Tensor, right: Tensor, out: Tensor | None = None) -> Tensor:
        """Multiply factors, (T, h) @ (h, b)."""

    @abstractmethod
    def select(self, products: Tensor, terms: slice, batch: Batch, most: int, entries: Entries) -> int:
        """Write the entries of some terms from products (T, b) of the factors, and return how many there are; -1 where
        more than `most` logits would have to be computed again.
        """

    def __call__(
        self,
        hidden: Tensor,
        lengths: np.ndarray,
        *,
        pooling: Pooling = "max",
        activation: Activation = "relu",
        block: int = BLOCK,
    ) -> csr_array:
        """Pool on a CPU, equal to `pool` within 1e-5; the support differs only where a logit is as close to 0."""
        import torch

        from sparsebench.encoding.pooling_kernel import pool_block

        hidden, lengths = pooled_tokens(hidden, lengths, pooling)
        rounded, ends = self.round(hidden), np.cumsum(lengths)
        how = (pooling == "sum", activation == "log1p_relu")
        batch = Batch(hidden.numpy(), rounded.scale.numpy(), ends, self.slack(hidden, rounded), how)

        def select(products: Tensor, terms: slice, entries: Entries) -> int:
            found = self.select(products, terms, batch, products.numel() // DENSE, entries)
            if found < 0:
                exact = torch.mm(hidden, self.weight[terms].T).numpy()
                found = pool_block(exact, ends, self.bias[terms], *how, *entries)
            return found

        return pool_blocks(
            rounded.factors,
            len(ends),
            self.rounded.factors,
            select,
            multiply=self.multiply,
            pooling=pooling,
            activation=activation,
            block=block,
        )

    def slack(self, hidden: Tensor, rounded: Rounded) -> np.ndarray:
        """Bound how far (V,) h'w' can be from hw for any of the hidden states (T, h)."""
        numbers = rounded.numbers()
        size, lost = (float(states.norm(dim=1).max()) for states in (numbers, hidden - numbers))
        summing = hidden.shape[1] * 2.0**-23 * size * (self._size + self._lost)
        slack: np.ndarray = CAUTION * (size * self._lost + lost * self._size + summing)
        return slack
