"""Inverted softmax (Smith et al. 2017): softmax over the queries of each document (METHODS 3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sparsebench import Block, FitContext, Postprocessor, RowStats, ScoreBlocks, Sees, State
from sparsebench_plugins.postprocessors._potentials import PoolSize, Temperature, kernel_of, normaliser

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class InvertedSoftmax(Postprocessor):
    """`S_ij - tau * LSE_i(S_ij / tau)`, that is DSL without the factor S.

    Raises ScoreError for a batch of one query.
    """

    tau: Temperature
    pool: PoolSize | None = None
    sees: ClassVar[Sees] = "batch"

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        """lse: C_j = LSE_i(S_ij / tau) over the fitting queries, (D,) float64."""
        return State({"lse": kernel_of(blocks, tau=self.tau, sees=self.sees, pool=self.pool).document_lse()})

    def apply(self, block: Block, state: State, row_stats: RowStats) -> Tensor:
        """(Q, d) float64."""
        scores = block.scores.double()
        return scores - self.tau * normaliser(scores / self.tau, state.arrays["lse"][block.columns], self.sees)


class InvertedSoftmaxSingleQuery(InvertedSoftmax):
    """Inverted softmax of each query over a bank and itself. Raises ScoreError for an empty bank."""

    sees: ClassVar[Sees] = "bank"
