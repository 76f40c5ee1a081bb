"""Raw scores: the row that every other one is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sparsebench import Block, FitContext, Postprocessor, RowStats, ScoreBlocks, Sees, State
from sparsebench_plugins.postprocessors._bounds import Bounds, plain

if TYPE_CHECKING:
    from torch import Tensor


class NoCorrection(Postprocessor):
    """Scores as the model gave them."""

    sees: ClassVar[Sees] = "query"
    is_identity: ClassVar[bool] = True

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        """Learn nothing."""
        return State()

    def apply(self, block: Block, state: State, row_stats: RowStats) -> Tensor:
        """The scores (Q, d) themselves."""
        return block.scores

    def bounds(self, block: Block, state: State, row_stats: RowStats) -> Bounds | None:
        """Bound the scores: at most one rounding."""
        return plain(block.scores)
