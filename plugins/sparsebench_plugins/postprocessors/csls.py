"""CSLS, cross-domain similarity local scaling (Conneau et al. 2018; METHODS 3.5)."""

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
class Csls(Postprocessor):
    """Ranks as `2 S_ij - r_q(i) - r_d(j)`; r_q is the same in the whole row of a query, so it is left out.

    Raises ScoreError for a batch of one query.
    """

    k: Annotated[int, Ge(1)] = 10
    """r_d is the mean of a document's scores for its k nearest fitting queries (all of them, where there are fewer)."""

    sees: ClassVar[Sees] = "batch"

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        """Learn r_d: (D,) float64."""
        return State({"r_d": mean_of_best(enough(blocks, self.sees), self.k)})

    def apply(self, block: Block, state: State, row_stats: RowStats) -> Tensor:
        """Correct the scores, (Q, d) float64."""
        return 2 * block.scores.double() - state.arrays["r_d"][block.columns]


class CslsSingleQuery(Csls):
    """CSLS with r_d from a bank alone. Raises ScoreError for an empty bank."""

    sees: ClassVar[Sees] = "bank"
