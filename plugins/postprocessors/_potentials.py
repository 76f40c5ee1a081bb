"""Potentials of documents, learnt from fitting queries block by block (METHODS 3): memory O(Q * block + D).

In float64 and in the log domain throughout: exp(S / tau) overflows float32 at small tau. The width of the blocks
changes a potential by rounding only.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Gt

from benchmark.errors import ScoreError
from benchmark.types import Block, Sees
from plugins.postprocessors._fitting import Fitting

if TYPE_CHECKING:
    from torch import Tensor

Temperature = Annotated[float, Gt(0)]
Order = Literal["documents", "queries"]


def log_kernel(block: Block, tau: float) -> Tensor:
    """L = S / tau, (Q, d) float64. Raises ScoreError where a document is unseen."""
    unseen = block.scores.isinf()
    if bool(unseen.any()):
        row, place = unseen.nonzero()[0].tolist()
        raise ScoreError(
            f"fitting query {row} has no score for document {block.columns.start + place} (counted from 0), and this "
            "postprocessor needs the scores of all documents. A run file holds only the best: use `none` with it"
        )
    return block.scores.double() / tau


def normaliser(kernel: Tensor, fitted: Tensor, sees: Sees) -> Tensor:
    """C for the rows to correct: fitted (d,) holds them under `batch`; under `bank` each row joins it, (Q, d)."""
    return kernel.logaddexp(fitted) if sees == "bank" else fitted


def sinkhorn_potentials(
    blocks: Fitting, *, tau: float, iterations: int, order: Order, document_marginal: float
) -> Tensor:
    """The document potentials lv, (D,), after `iterations` rounds of Sinkhorn (METHODS 3.3); one pass a round.

    iterations >= 1. 0 <= document_marginal <= 1: 1 is balanced, 0 leaves lv at 0.
    """
    import torch

    queries, documents = blocks.shape
    log_a, log_b = -math.log(queries), -math.log(documents)
    lu = torch.zeros(queries, dtype=torch.float64)
    if order == "queries":
        # A round that leaves lv at 0 is all that starting with the rows means.
        lu = log_a - _round(blocks, tau, lu, log_b, 0.0)[1]
    for _ in range(iterations):
        lv, row_lse = _round(blocks, tau, lu, log_b, document_marginal)
        lu = log_a - row_lse
    return lv


def _round(blocks: Fitting, tau: float, lu: Tensor, log_b: float, document_marginal: float) -> tuple[Tensor, Tensor]:
    """From lu (Q,): lv (D,), and the row sums LSE_j(L_ij + lv_j) (Q,) that the next lu is made of."""
    import torch

    lvs = []
    row_lse = torch.full_like(lu, -math.inf)
    for block in blocks:
        kernel = log_kernel(block, tau)
        lv = document_marginal * (log_b - (kernel + lu.to(kernel.device)[:, None]).logsumexp(dim=0))
        row_lse = row_lse.to(kernel.device).logaddexp((kernel + lv).logsumexp(dim=1))
        lvs.append(lv)
    return torch.cat(lvs), row_lse
