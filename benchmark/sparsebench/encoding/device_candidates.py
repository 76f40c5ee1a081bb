"""`candidates` on a GPU: low precision says which terms can be active at all, and float32 computes these again.

The bound is that of the CPU's engines (Cauchy-Schwarz, twice; see `candidates`), a text at a time. A product in TF32
rounds its factors to 11 bits and sums them in float32; one in bfloat16 rounds factors and result to 8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sparsebench.device import pinned
from sparsebench.encoding.candidates import CAUTION
from sparsebench.encoding.on_device import BLOCK, DeviceDecoder, States, reduced
from sparsebench.encoding.pooling import Activation

if TYPE_CHECKING:
    from torch import Tensor

Rough = Literal["tf32", "bfloat16"]
TF32 = 2.0**-10
"""What TF32 loses of a factor at most, relative to it, should it cut off instead of rounding."""
RESULT = {"tf32": 0.0, "bfloat16": 2.0**-7}
"""The same of the result, as `exact_bf16_kernel.ROUNDING`."""

GATHERED_BYTES = 2**28
"""Rows of the decoder that are gathered at once."""


class Candidates(DeviceDecoder):
    """Decodes in low precision, and what can be active again in float32: equal to the reference within 1e-5."""

    def __init__(self, weight: Tensor, bias: Tensor | None, rough: Rough) -> None:
        super().__init__(weight, bias)
        self._rough, self._low = rough, self._rounded(weight, rough)
        self._size = weight.norm(dim=1)  # |w|, (V,)
        self._lost = self._loss(weight, self._low)  # |w' - w|, (V,)

    def pooled(self, states: States, summed: Activation | None) -> Tensor:
        """Return upper bounds of the largest logits (N, V), whatever the pooling: where a bound is not above 0, no
        logit is.
        """
        hidden = self._rounded(states.hidden, self._rough)
        size, lost = states.hidden.norm(dim=2).amax(dim=1), self._loss(states.hidden, hidden).amax(dim=1)  # (N,)
        pooled = self.weight.new_empty(len(hidden), len(self.weight))
        with pinned("tf32" if self._rough == "tf32" else "float32"):
            for start in range(0, len(self.weight), BLOCK):
                terms = slice(start, start + BLOCK)
                largest = (hidden @ self._low[terms].T).amax(dim=1).float()
                largest += RESULT[self._rough] * largest.abs()
                largest += self._slack(size, lost, terms)
                pooled[:, terms] = largest.add_(self.bias[terms])
        return pooled

    def _slack(self, size: Tensor, lost: Tensor, terms: slice) -> Tensor:
        """Bound how far (N, b) h'w' can be from hw.

        size, lost (N,): the most that any |h| and |h' - h| of a text are.
        """
        summing = self.weight.shape[1] * 2.0**-23
        whole, own = self._size[terms] + self._lost[terms], self._lost[terms]
        larger = size + lost
        slack: Tensor = CAUTION * (larger[:, None] * (own + summing * whole) + lost[:, None] * self._size[terms])
        return slack

    @staticmethod
    def _rounded(vectors: Tensor, rough: Rough) -> Tensor:
        """Return the vectors rounded for the product; TF32 is made of float32 by the device."""
        return vectors.bfloat16() if rough == "bfloat16" else vectors

    def _loss(self, vectors: Tensor, rounded: Tensor) -> Tensor:
        """The norms, over the last dimension, of what rounding takes off."""
        off = vectors * TF32 if self._rough == "tf32" else vectors - rounded.float()
        norms: Tensor = off.norm(dim=-1)
        return norms

    def entries(self, states: States, terms: Tensor, rough: Tensor, summed: Activation | None) -> Tensor:
        """Pooled in float32, (N, c)."""
        values = rough.new_empty(terms.shape)
        widest = max(self.weight.shape[1], states.hidden.shape[1])
        at_once = max(1, GATHERED_BYTES // (4 * terms.shape[1] * widest))
        for start in range(0, len(terms), at_once):
            rows = slice(start, start + at_once)
            weights = self.weight[terms[rows]].transpose(1, 2)  # (n, h, c)
            logits = states.hidden[rows] @ weights
            values[rows] = reduced(logits, self.bias[terms[rows]], states.there[rows], summed)
        return values
