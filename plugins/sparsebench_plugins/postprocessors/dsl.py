"""DSL, dual softmax (Cheng et al. 2021): softmax over the queries of each document, times the score (METHODS 3.1)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from sparsebench import Block, FitContext, Json, Postprocessor, RowStats, ScoreBlocks, Sees, State
from sparsebench_plugins.postprocessors import _bounds
from sparsebench_plugins.postprocessors._potentials import (
    PoolSize,
    Temperature,
    kernel_of,
    learnt,
    of_few_rows,
    zeros,
)
from sparsebench_plugins.postprocessors._shares import above_zero, log_shares, softplus

if TYPE_CHECKING:
    from torch import Tensor

PAIRS_AT_ONCE = 2**16
"""Measured: half the time of 2**18, a quarter of that of a whole block."""


@dataclass(frozen=True, kw_only=True)
class Dsl(Postprocessor):
    """Ranks as `S_ij * exp(S_ij / tau) / sum_i' exp(S_i'j / tau)`, without its underflow.

    With `k = log|S| + log share`, positive scores come first by k, then zeros, then negative ones by -k: for a negative
    score a large share of its document makes it worse. Negatives are counted, never shifted unless `shift` says so.

    Raises ScoreError for a batch of one query.

    >>> Dsl(tau=0.05).shift
    'none'
    """

    tau: Temperature
    pool: PoolSize | None = None
    shift: Literal["none", "min"] = "none"
    """`min` subtracts the lowest fitting score from all scores before they are multiplied: for models whose scores have
    no zero of their own. The record says how much that was."""

    sees: ClassVar[Sees] = "batch"

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        """Learn what inverted softmax learns of each document. The record has the lowest fitting score, if it is a
        shift.
        """
        facts = {"shift": lowest(blocks)} if self.shift == "min" else {}
        return replace(self._learnt(blocks), facts=facts, error=0.0)  # its keys are in no unit of a score

    def _learnt(self, blocks: ScoreBlocks) -> State:
        kernel = kernel_of(blocks, tau=self.tau, sees=self.sees, pool=self.pool)
        return learnt(kernel, zeros(kernel), self.tau)

    def apply(self, block: Block, state: State, row_stats: RowStats) -> Tensor:
        """Correct the scores, (Q, d) float64, with the sign of the score."""
        import torch

        corrected = torch.empty_like(block.scores, dtype=torch.float64)

        def correct(rows: slice) -> None:
            part = Block(block.columns, block.scores[rows], block.first_row + rows.start)
            scores = part.scores.double() - state.facts.get("shift", 0.0)
            key = self._log_shares(part, state).add_(scores.abs().log_())
            torch.mul(above_zero(key), scores.sign(), out=corrected[rows])

        of_few_rows(correct, block.scores, PAIRS_AT_ONCE)
        return corrected

    def bounds(self, block: Block, state: State, row_stats: RowStats) -> _bounds.Bounds | None:
        """Bound the key itself; None with a pool's floors or a shift."""
        if self.pool is not None or self.shift != "none":
            return None
        return _bounds.times_score(block.scores, self._share_bounds(block, state))

    def _log_shares(self, block: Block, state: State) -> Tensor:
        return log_shares(block, state, self.tau)[0]

    def _share_bounds(self, block: Block, state: State) -> _bounds.Bounds:
        return _bounds.log_shares(block, state, self.tau)

    def remarks(self, blocks: ScoreBlocks, state: State) -> Mapping[str, Json]:
        """Return how many test scores are below 0, after the shift if there is one: these rank the other way round."""
        return {"negative_test_scores": negatives(blocks, state.facts.get("shift", 0.0)), "test_scores": seen(blocks)}


class DslSingleQuery(Dsl):
    """DSL of each query over a bank and itself. Raises ScoreError for an empty bank."""

    sees: ClassVar[Sees] = "bank"

    def _learnt(self, blocks: ScoreBlocks) -> State:
        kernel = kernel_of(blocks, tau=self.tau, sees=self.sees, pool=self.pool)
        return State({"lse": kernel.shares(zeros(kernel)).lse})

    def _log_shares(self, block: Block, state: State) -> Tensor:
        x = (block.scores.double() * (1 / self.tau)).sub_(state.arrays["lse"][block.columns])
        return softplus(x.neg_()).neg_()

    def _share_bounds(self, block: Block, state: State) -> _bounds.Bounds:
        return _bounds.soft_minus(_bounds.less_sums(block, self.tau, state.arrays["lse"][block.columns]))


def negatives(blocks: ScoreBlocks, least: float) -> int:
    """Count scores below `least`, unseen documents aside; without a look where the source has none below 0."""
    if blocks.floor >= least:
        return 0
    return sum(int(((block.scores < least) & (block.scores > -math.inf)).sum()) for block in blocks)


def seen(blocks: ScoreBlocks) -> int:
    """Return how many pairs have a score."""
    if blocks.floor > -math.inf:
        return blocks.shape[0] * blocks.shape[1]
    return sum(int((block.scores > -math.inf).sum()) for block in blocks)


def lowest(blocks: ScoreBlocks) -> float:
    """The lowest score of any pair; 0 where there is none."""
    found = math.inf
    for block in blocks:
        scores = block.scores[block.scores > -math.inf]
        found = min(found, float(scores.min()) if scores.numel() else math.inf)
    return found if found < math.inf else 0.0
