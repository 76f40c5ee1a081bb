"""A postprocessor that looks at nothing but the score itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from annotated_types import Gt

from sparsebench import Block, FitContext, Postprocessor, RowStats, ScoreBlocks, Sees, State

if TYPE_CHECKING:
    from torch import Tensor


class Rounded(Postprocessor):
    """Scores in steps of `step`, so that ties decide the rest."""

    sees: ClassVar[Sees] = "query"

    def __init__(self, *, step: Annotated[float, Gt(0)]) -> None:
        self.step = step

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        return State()

    def apply(self, block: Block, state: State, row_stats: RowStats) -> Tensor:
        return (block.scores.double() / self.step).round()
