"""Write a score postprocessor and run it beside the built-in ones: a plugin may be a single file, this one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from annotated_types import Gt

import sparsebench
from sparsebench import Block, FitContext, Postprocessor, PostprocessorPlugin, RowStats, ScoreBlocks, Sees, State

if TYPE_CHECKING:
    from torch import Tensor


class Damped(Postprocessor):
    """score ** power: keeps the order of each query, so every measure stays what it was."""

    sees: ClassVar[Sees] = "query"

    def __init__(self, *, power: Annotated[float, Gt(0)] = 0.5) -> None:
        self.power = power

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        """Learn nothing."""
        return State()

    def apply(self, block: Block, state: State, row_stats: RowStats) -> Tensor:
        """Scores (Q, d) -> (Q, d)."""
        return block.scores.clamp(min=0) ** self.power


@sparsebench.hookimpl
def register_postprocessors() -> Iterable[PostprocessorPlugin]:
    """One postprocessor."""
    return [PostprocessorPlugin("damped", Damped, "score to a power, a no-op for rankings")]


if __name__ == "__main__":
    Path("damped.yaml").write_text("include: quickstart\nname: damped\npostprocessors: [none, damped]\n")
    print(sparsebench.run("damped.yaml", plugins=__file__, only="mini/web/bm25/*", limit_queries=20))
