"""DSL, dual softmax (Cheng et al. 2021): softmax over the queries of each document, times the score (METHODS 3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from benchmark import Block, FitContext, Postprocessor, ScoreBlocks, State
from benchmark.contracts import RowStats
from benchmark.types import Sees
from plugins.postprocessors._fitting import enough
from plugins.postprocessors._potentials import Temperature, log_kernel, normaliser

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Dsl(Postprocessor):
    """Ranks as `S_ij * exp(S_ij / tau) / sum_i' exp(S_i'j / tau)`, without its underflow.

    With `k = log|S| + S / tau - C`, positive scores come first by k, then zeros, then negative ones by -k: for a
    negative score a large share of its document makes it worse. Negatives are counted, never shifted.
    tau: temperature > 0, in units of the scale. Raises ScoreError for a batch of one query.
    """

    tau: Temperature
    sees: ClassVar[Sees] = "batch"

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        """lse: C_j = LSE_i(S_ij / tau), (D,) float64. negatives: fitting scores below 0, (D,)."""
        import torch

        parts = [
            (log_kernel(block, self.tau).logsumexp(dim=0), (block.scores < 0).sum(dim=0))
            for block in enough(blocks, self.sees)
        ]
        lse, negatives = (torch.cat(part) for part in zip(*parts, strict=True))
        return State({"lse": lse, "negatives": negatives})

    def apply(self, block: Block, state: State, row_stats: RowStats) -> Tensor:
        """(Q, d) float64, with the sign of the score."""
        scores = block.scores.double()
        kernel = scores / self.tau
        share = kernel - normaliser(kernel, state.arrays["lse"][block.columns], self.sees)
        return scores.sign() * above_zero(scores.abs().log() + share)


class DslSingleQuery(Dsl):
    """DSL of each query over a bank and itself. Raises ScoreError for an empty bank."""

    sees: ClassVar[Sees] = "bank"


def above_zero(key: Tensor) -> Tensor:
    """A monotone map of the reals to the numbers above 0 that keeps the relative precision of large keys, -inf to 0."""
    import torch

    return torch.where(key < 0, 1 / (1 - key), 1 + key)
