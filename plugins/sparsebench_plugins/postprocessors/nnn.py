"""NNN, nearest-neighbour normalisation (Chowdhury et al. 2024; METHODS 3.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from annotated_types import Ge

from sparsebench import Block, FitContext, Postprocessor, RowStats, ScoreBlocks, Sees, State
from sparsebench_plugins.postprocessors._fitting import enough
from sparsebench_plugins.postprocessors._neighbours import mean_of_best

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Nnn(Postprocessor):
    """`s_qj - alpha * mean(top-k_b B_bj)`: less what a document scores for the bank queries nearest to it.

    Raises ScoreError for an empty bank.
    """

    k: Annotated[int, Ge(1)] = 128
    """k_b: how many bank queries are taken for a document; the whole bank where it is smaller."""

    alpha: Annotated[float, Ge(0)] = 0.75
    """How much of their mean is taken away; 0 changes nothing."""

    sees: ClassVar[Sees] = "bank"

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        """Learn bias: mean of the k highest scores of each document, (D,) float64."""
        return State({"bias": mean_of_best(enough(blocks, self.sees), self.k)})

    def apply(self, block: Block, state: State, row_stats: RowStats) -> Tensor:
        """Correct the scores, (Q, d) float64."""
        return block.scores.double() - self.alpha * state.arrays["bias"][block.columns]
