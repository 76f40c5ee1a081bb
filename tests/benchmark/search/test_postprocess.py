"""What may be ranked, and what a postprocessor may see."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import pytest
import torch

from sparsebench import Block, FitContext, Postprocessor, ScoreBlocks, State
from sparsebench.contracts import RowStats
from sparsebench.errors import PluginError
from sparsebench.search import MatrixScores, cached
from sparsebench.search.postprocess import apply_to, enforce_sees
from sparsebench.types import Candidates, Sees


class Halved(Postprocessor):
    """Half of every score."""

    sees: ClassVar[Sees] = "query"

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        raise AssertionError("a postprocessor that sees only the query is not fitted")

    def apply(self, block: Block, state: State, row_stats: RowStats) -> torch.Tensor:
        return block.scores / 2


class Centred(Halved):
    """Subtracts the mean of all test queries at once: that is `batch`."""

    def apply(self, block: Block, state: State, row_stats: RowStats) -> torch.Tensor:
        return block.scores - block.scores.mean(dim=0)


class CentredInRowStats(Halved):
    """The same, hidden in `row_stats`."""

    sees: ClassVar[Sees] = "bank"

    def row_stats(self, blocks: ScoreBlocks, state: State) -> RowStats:
        means = torch.cat([block.scores.mean(dim=0) for block in blocks])
        return {"mean": means.expand(blocks.shape)}

    def apply(self, block: Block, state: State, row_stats: RowStats) -> torch.Tensor:
        return block.scores - row_stats["mean"][:, block.columns]


class CentredOpenly(Centred):
    """The same, and says so."""

    sees: ClassVar[Sees] = "batch"


class LessOwnBest(Halved):
    """Needs the whole row, and no other."""

    def row_stats(self, blocks: ScoreBlocks, state: State) -> RowStats:
        return {"best": torch.cat([block.scores for block in blocks], dim=1).amax(dim=1)}

    def apply(self, block: Block, state: State, row_stats: RowStats) -> torch.Tensor:
        return block.scores - row_stats["best"][:, None]


SCORES = np.array([[0.0, 3.0, -1.0, 1.0, -math.inf], [2.0, 0.0, 5.0, -math.inf, 1.0]])
FLOORED = np.where(np.isinf(SCORES), 0, SCORES)


def applied(
    postprocessor: Postprocessor, test: ScoreBlocks, candidates: Candidates
) -> tuple[list[list[float]], list[list[bool]]]:
    pairs = list(apply_to(postprocessor, State(), test, candidates=candidates))
    assert all(block.scores.dtype == torch.float64 for block, _ in pairs)
    scores = torch.cat([block.scores for block, _ in pairs], dim=1)
    return scores.tolist(), torch.cat([ranked for _, ranked in pairs], dim=1).tolist()


@pytest.mark.parametrize("block", [1, 2, 5])
def test_retrieved_ranks_only_raw_scores_above_the_floor(block: int) -> None:
    scores, ranked = applied(Halved(), MatrixScores(FLOORED, floor=0.0, block=block), "retrieved")
    assert ranked == [[False, True, False, True, False], [True, False, True, False, True]]
    assert scores[0] == [-math.inf, 1.5, -math.inf, 0.5, -math.inf]


def test_all_ranks_every_document_that_has_a_score() -> None:
    scores, ranked = applied(Halved(), MatrixScores(FLOORED, floor=0.0), "all")
    assert all(map(all, ranked))
    assert scores[0] == [0, 1.5, -0.5, 0.5, 0]


@pytest.mark.parametrize("candidates", ["retrieved", "all"])
def test_an_unseen_document_is_never_ranked(candidates: Candidates) -> None:
    scores, ranked = applied(Halved(), MatrixScores(SCORES), candidates)
    assert ranked == [[True, True, True, True, False], [True, True, True, False, True]]
    assert scores[1] == [1, 0, 2.5, -math.inf, 0.5]


@pytest.mark.parametrize("liar", [Centred(), CentredInRowStats()])
@pytest.mark.parametrize("block", [1, 5])
def test_a_plugin_that_looks_at_other_test_queries_is_caught(liar: Postprocessor, block: int) -> None:
    test = cached(MatrixScores(FLOORED, block=block), max_bytes=1000)
    with pytest.raises(PluginError, match=rf"{type(liar).__name__} claims to see only .*sees = '{liar.sees}'"):
        enforce_sees(liar, State(), test)


@pytest.mark.parametrize("honest", [Halved(), LessOwnBest(), CentredOpenly()])
def test_an_honest_plugin_passes(honest: Postprocessor) -> None:
    enforce_sees(honest, State(), MatrixScores(SCORES))
    enforce_sees(honest, State(), MatrixScores(SCORES[:1]))
