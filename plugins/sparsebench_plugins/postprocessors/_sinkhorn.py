"""Sinkhorn's potentials of documents (METHODS 3.3), the fastest way that is at hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from sparsebench_plugins.postprocessors import _sinkhorn_fused
from sparsebench_plugins.postprocessors._potentials import Kernel, Order, Streamed

if TYPE_CHECKING:
    from torch import Tensor


class Found(NamedTuple):
    """lv (D,) float64, and how it was computed, for the record."""

    lv: Tensor
    path: str


def sinkhorn_potentials(kernel: Kernel, *, iterations: int, order: Order, document_marginal: float) -> Found:
    """The document potentials after `iterations` rounds of Sinkhorn.

    iterations >= 1. 0 <= document_marginal <= 1: 1 is balanced, 0 leaves lv at 0.
    """
    import torch

    queries, documents = kernel.shape
    log_a, log_b = -math.log(queries), -math.log(documents)

    def next_round(lu: Tensor) -> tuple[Tensor, Tensor]:
        lv, row_lse = kernel.round(lu, lambda lse: document_marginal * (log_b - lse))
        return lv, log_a - row_lse

    lu = torch.zeros(queries, dtype=torch.float64)
    if order == "queries":
        # A round that leaves lv at 0 is all that starting with the rows means.
        lu = log_a - kernel.round(lu, torch.zeros_like)[1]
    lv, lu = next_round(lu)
    rounds = iterations - 1
    if isinstance(kernel, Streamed) and document_marginal == 1 and _sinkhorn_fused.pays(kernel, lu.device.type, rounds):
        fused = _sinkhorn_fused.fused_rounds(kernel, lu, lv, rounds)
        if fused.isfinite().all():
            return Found(fused, "float32, fused rounds (numba)")
    for _ in range(rounds):
        lv, lu = next_round(lu)
    return Found(lv, f"{kernel.precision}, log domain (torch)")
