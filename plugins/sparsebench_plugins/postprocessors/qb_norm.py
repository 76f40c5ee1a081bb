"""QB-Norm, querybank normalisation with the dynamic inverted softmax (Bogolin et al. 2022; METHODS 3.5)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from annotated_types import Ge

from sparsebench import Block, FitContext, Postprocessor, RowStats, ScoreBlocks, Sees, State
from sparsebench_plugins.postprocessors._neighbours import kth_best
from sparsebench_plugins.postprocessors._potentials import Temperature, kernel_of, zeros

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class QbNorm(Postprocessor):
    """`s_qj - tau * LSE_b(B_bj / tau)`, for queries whose raw top-1 is in the top k of some bank query; others as is.

    The normaliser is the bank's alone, as in the paper: unlike inverted_softmax_single_query, the query does not join.

    Raises ScoreError for an empty bank.
    """

    tau: Temperature
    k: Annotated[int, Ge(1)] = 1
    """How deep a bank query activates documents. Documents tied at the k-th place are all active, and of documents tied
    at the top of a query any active one counts, so that no order of documents decides."""

    sees: ClassVar[Sees] = "bank"

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        """Learn lse: LSE_b(B_bj / tau), (D,) float64. active: in the top k of some bank query, (D,) bool."""
        kernel = kernel_of(blocks, tau=self.tau, sees=self.sees)
        lse = kernel.shares(zeros(kernel)).lse
        return State({"lse": lse, "active": retrieved_within(blocks, self.k)})

    def row_stats(self, blocks: ScoreBlocks, state: State) -> RowStats:
        """Find normalised: whether a query's raw top-1 is active, (Q,) bool."""
        import torch

        best = torch.full((blocks.shape[0],), -math.inf)
        normalised = torch.zeros(blocks.shape[0], dtype=torch.bool)
        for block in blocks:
            highest = block.scores.amax(dim=1)
            best, normalised = best.to(highest), normalised.to(highest.device)
            here = ((block.scores == highest[:, None]) & state.arrays["active"][block.columns]).any(dim=1)
            normalised = torch.where(highest == best, normalised | here, torch.where(highest > best, here, normalised))
            best = best.maximum(highest)
        return {"normalised": normalised}

    def apply(self, block: Block, state: State, row_stats: RowStats) -> Tensor:
        """Correct the scores, (Q, d) float64."""
        correction = self.tau * state.arrays["lse"][block.columns]
        return block.scores.double() - correction.where(row_stats["normalised"][:, None], 0)


def retrieved_within(blocks: ScoreBlocks, k: int) -> Tensor:
    """Mark the documents among the k best of some query, ties at the k-th place included, (D,) bool."""
    import torch

    least = kth_best(blocks, k)[:, None]
    among = [(block.scores >= least) & (block.scores > blocks.floor) for block in blocks]
    return torch.cat([part.any(dim=0) for part in among])
