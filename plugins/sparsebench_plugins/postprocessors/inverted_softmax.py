"""Inverted softmax (Smith et al. 2017): softmax over the queries of each document (METHODS 3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sparsebench import Block, FitContext, Postprocessor, RowStats, ScoreBlocks, Sees, State
from sparsebench_plugins.postprocessors import _bounds
from sparsebench_plugins.postprocessors._potentials import PoolSize, Temperature, kernel_of, learnt, resolution, zeros
from sparsebench_plugins.postprocessors._shares import leave_one_out, log_shares

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class InvertedSoftmax(Postprocessor):
    """Ranks as `S_ij - tau * LSE_i(S_ij / tau)`, that is DSL without the factor S, and loses no digit where one query
    owns a document: by the same without the query's own term (METHODS 3.8a).

    Raises ScoreError for a batch of one query.

    >>> InvertedSoftmax(tau=0.05).sees
    'batch'
    """

    tau: Temperature
    pool: PoolSize | None = None
    sees: ClassVar[Sees] = "batch"

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        """Learn of each document: lse, LSE_i(S_ij / tau) over the fitting queries; owner, the query with the largest
        term; margin, that term less LSE of all others; (D,) each.
        """
        kernel = kernel_of(blocks, tau=self.tau, sees=self.sees, pool=self.pool)
        return learnt(kernel, zeros(kernel), self.tau)

    def apply(self, block: Block, state: State, row_stats: RowStats) -> Tensor:
        """Correct the scores, (Q, d) float64."""
        shares, owned = log_shares(block, state, self.tau)
        return leave_one_out(shares, owned, floors=self.pool is not None).mul_(self.tau)

    def bounds(self, block: Block, state: State, row_stats: RowStats) -> _bounds.Bounds | None:
        """Bound log shares, in units of tau; None with a pool's floors."""
        return None if self.pool is not None else _bounds.log_shares_less_one(block, state, self.tau)


class InvertedSoftmaxSingleQuery(InvertedSoftmax):
    """Inverted softmax of each query over a bank and itself. Raises ScoreError for an empty bank.

    With x = S_qj / tau - LSE_b(B_bj / tau) that is `-tau * log(1 + exp(-x))`; ranked by x, which is the same order.
    """

    sees: ClassVar[Sees] = "bank"

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        """Learn lse: LSE_b(B_bj / tau) over the bank, (D,) float64."""
        kernel = kernel_of(blocks, tau=self.tau, sees=self.sees, pool=self.pool)
        lse = kernel.shares(zeros(kernel)).lse
        return State({"lse": lse}, error=self.tau * resolution(lse))

    def apply(self, block: Block, state: State, row_stats: RowStats) -> Tensor:
        """Correct the scores, (Q, d) float64."""
        return block.scores.double() - self.tau * state.arrays["lse"][block.columns]

    def bounds(self, block: Block, state: State, row_stats: RowStats) -> _bounds.Bounds | None:
        """Bound S / tau - lse, in units of tau."""
        return _bounds.less_sums(block, self.tau, state.arrays["lse"][block.columns])
