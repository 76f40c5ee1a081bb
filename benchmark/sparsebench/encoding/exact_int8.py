"""`candidates` from integers of 8 bits, which a CPU with dot products of them multiplies four times as fast as float32.

Each hidden state and each row of the decoder is scaled so that its largest number is 127. What rounding loses is known
for each, here about .7 % of its norm. Sums of products of integers are exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsebench.encoding.candidates import Batch, CandidateDecoder, Rounded
from sparsebench.encoding.numba_pooling import Entries
from sparsebench.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor

MOST = 127
LEAST_SCALE = 1e-30
"""Of a vector of zeros."""


class ExactInt8(CandidateDecoder):
    """Candidate decoder with 8-bit integer products. Raises ModelError where torch gets such a product wrong."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__(weight, bias)
        extremes = self.rounded.factors[:2].sign() * MOST  # sums that 16 bits do not hold
        if not self.multiply(extremes, extremes.T).equal((extremes.int() @ extremes.T.int()).int()):
            raise ModelError("torch multiplies integers of 8 bits wrongly here; use engine: numba")

    def round(self, vectors: Tensor) -> Rounded:
        """Round vectors to the nearest multiple of their largest / 127."""
        import torch

        scale = (vectors.abs().amax(dim=1) / MOST).clamp_min(LEAST_SCALE)
        return Rounded((vectors / scale[:, None]).round().to(torch.int8), scale)

    def multiply(self, left: Tensor, right: Tensor, out: Tensor | None = None) -> Tensor:
        """Multiply integer matrices, summed in 32 bits; torch has no public name for it."""
        import torch

        if out is None:
            return torch._int_mm(left, right)
        product: Tensor = torch._int_mm(left, right, out=out)
        return product

    def select(self, products: Tensor, terms: slice, batch: Batch, most: int, entries: Entries) -> int:
        """Implement `CandidateDecoder.select`."""
        from sparsebench.encoding.exact_int8_kernel import pool_candidates

        found: int = pool_candidates(
            products.numpy(),
            batch.ends,
            batch.scale,
            self.rounded.scale[terms].numpy(),
            batch.slack[terms],
            batch.hidden,
            self.weight[terms].numpy(),
            self.bias[terms],
            *batch.how,
            most,
            *entries,
        )
        return found
