"""`candidates` from bfloat16, which a CPU with tiles multiplies six times as fast as float32.

Rounding loses about 2^-8 |h| |w|. A product is rounded to bfloat16 once more, in proportion to itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsebench.encoding.candidates import Batch, CandidateDecoder, Rounded
from sparsebench.encoding.numba_pooling import Entries

if TYPE_CHECKING:
    from torch import Tensor


class ExactBf16(CandidateDecoder):
    """CandidateDecoder for bfloat16 logits whose candidates are computed again exactly."""

    def round(self, vectors: Tensor) -> Rounded:
        """Round vectors to the nearest bfloat16; every scale is 1."""
        return Rounded(vectors.bfloat16(), vectors.new_ones(len(vectors)))

    def multiply(self, left: Tensor, right: Tensor, out: Tensor | None = None) -> Tensor:
        """Multiply in bfloat16, summed in float32."""
        import torch

        return torch.mm(left, right, out=out)

    def select(self, products: Tensor, terms: slice, batch: Batch, most: int, entries: Entries) -> int:
        """Implement `CandidateDecoder.select`."""
        import torch

        from sparsebench.encoding.exact_bf16_kernel import pool_candidates

        bias, slack = self.bias[terms], batch.slack[terms]
        reaches = reach(-bias - slack)
        found: int = pool_candidates(
            products.view(torch.int16).numpy(),
            batch.ends,
            ordered(reaches),
            reaches,
            slack,
            batch.hidden,
            self.weight[terms].numpy(),
            bias,
            *batch.how,
            most,
            *entries,
        )
        return found


def reach(least: np.ndarray) -> np.ndarray:
    """The least numbers that can be what bfloat16 makes of numbers >= `least`; float32."""
    from sparsebench.encoding.exact_bf16_kernel import ROUNDING

    numbers: np.ndarray = (least / (1 + np.copysign(ROUNDING, least))).astype(np.float32)
    return numbers


def ordered(numbers: np.ndarray) -> np.ndarray:
    """Float32 -> int16, so that no bfloat16 > a number is beneath it, in the kernel's order of bfloat16."""
    bits = numbers.view(np.int32)
    keys: np.ndarray = ((bits ^ (bits >> 31 & 0x7FFFFFFF)) >> 16).astype(np.int16)
    return keys
