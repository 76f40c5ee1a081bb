"""Sinkhorn on a GPU: kernels for the sums over a block, and products where all scores fit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from sparsebench.device import free_bytes, why_no_kernel
from sparsebench_plugins.postprocessors._fitting import Fitting

if TYPE_CHECKING:
    from torch import Tensor

FLUSHED = 1e-260
"""What is less in K is 0, as on a CPU."""

LEAST = FLUSHED * 2.0**53
"""A share of a sum below which it may miss what was flushed."""


@lru_cache(maxsize=4)
def why_no_sums(device: str) -> str | None:
    """Return why torch makes the sums over a block there; None where triton's kernels make them."""
    return why_no_kernel(device, _agrees, "the kernel's sums are not those of torch")


def _agrees(device: str) -> bool:
    from sparsebench_plugins.postprocessors._lse_kernel import agrees

    return agrees(device)


def sums_by(device: str) -> str:
    """Name of what makes the sums, for the record."""
    if device == "cpu":
        return "torch"
    reason = why_no_sums(device)
    return "triton" if reason is None else f"torch; {reason}"


def multiplied(blocks: Fitting, tau: float, lu: Tensor, rounds: int) -> Tensor | None:
    """Return lu (Q,) float64 after so many more rounds with balanced marginals, by two products a round.

    exp(L + lu - peak) is written once, as K (Q, D) in float64; then u = a / K v and v = b / K'u. None where K does not
    fit in a quarter of the free memory, where a pair has no score, or where K is flushed too much; read at the end, so
    that no round waits for the device.
    """
    import torch

    queries, documents = blocks.shape
    first = next(iter(blocks), None)
    if first is None or 8 * queries * documents > (free_bytes(str(first.scores.device)) or 0) // 4:
        return None
    scaled = _Scaled.of(blocks, tau, lu.to(first.scores.device))
    for _ in range(rounds):
        scaled.round()
    return lu.to(scaled.u.device) + torch.log(scaled.u) if bool(scaled.sound) else None


@dataclass(eq=False)
class _Scaled:
    """K (Q, D) with u (Q,) and v (D,) beside it, float64. sound: () bool, whether no sum missed what was flushed."""

    matrix: Tensor
    u: Tensor
    v: Tensor
    sound: Tensor

    @classmethod
    def of(cls, blocks: Fitting, tau: float, lu: Tensor) -> _Scaled:
        """Write K, and normalise the documents."""
        import torch

        matrix = lu.new_empty(blocks.shape)
        for block in blocks:
            matrix[:, block.columns].copy_(block.scores).mul_(1 / tau).add_(lu[:, None])
        sound = matrix.amin() > -math.inf
        # Exponentials of all at once: of a few they may be rounded otherwise.
        matrix.sub_(matrix.amax(dim=0)).exp_()
        torch.threshold_(matrix, FLUSHED, 0)
        v = 1 / (len(matrix[0]) * matrix.sum(dim=0))
        return cls(matrix, torch.ones_like(lu), v, sound)

    def round(self) -> None:
        """Normalise queries, then documents."""
        row_sums = self.matrix @ self.v
        self.sound &= row_sums.amin() > LEAST * self.v.sum()
        self.u = 1 / (len(self.u) * row_sums)
        totals = self.u @ self.matrix
        self.sound &= totals.amin() > LEAST * self.u.sum()
        self.v = 1 / (len(self.v) * totals)
