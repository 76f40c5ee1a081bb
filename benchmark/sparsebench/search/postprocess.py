"""Apply a postprocessor to test queries, and hold it to what it says it sees (METHODS 3)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from sparsebench.contracts import FitContext, Postprocessor, RowStats, State
from sparsebench.errors import PluginError
from sparsebench.search.returned import (
    checked_correction,
    checked_keys,
    checked_row_stats,
    checked_state,
    refuse_infinite,
)
from sparsebench.search.views import watched
from sparsebench.search.watch import SCORES, Watch, watching
from sparsebench.types import Block, Candidates, ScoreBlocks

if TYPE_CHECKING:
    from torch import Tensor

WITNESSES = 8
TOLERANCE = 1e-6


def apply_to(
    postprocessor: Postprocessor, state: State, test: ScoreBlocks, *, candidates: Candidates
) -> Iterator[tuple[Block, Tensor]]:
    """Yield corrected scores (Q, d) float64 block by block, and which pairs may be ranked, (Q, d) bool.

    candidates: `retrieved` for raw scores above the floor, `all` for every document that has a score.
    A pair that may not be ranked has the corrected score -inf.
    """
    owner = f"{type(postprocessor).__name__}.apply"
    yield from refuse_infinite(_corrected(postprocessor, state, test, candidates), owner)


def _corrected(
    postprocessor: Postprocessor, state: State, test: ScoreBlocks, candidates: Candidates
) -> Iterator[tuple[Block, Tensor]]:
    row_stats = row_stats_of(postprocessor, state, test)
    for block in test:
        ranked = ranked_pairs(block, test, candidates)
        yield checked_apply(postprocessor, block, ranked, state, row_stats), ranked


def ranked_pairs(block: Block, test: ScoreBlocks, candidates: Candidates) -> Tensor:
    """Mark the pairs of a block that may be ranked, (Q, d) bool."""
    return block.scores > (test.floor if candidates == "retrieved" else -math.inf)


def checked_apply(
    postprocessor: Postprocessor, block: Block, ranked: Tensor, state: State, row_stats: RowStats
) -> Block:
    """The block with corrected scores float64, -inf where a pair may not be ranked. Raises ContractError."""
    owner = f"{type(postprocessor).__name__}.apply"
    with _lent(owner, block, state, row_stats):
        returned = postprocessor.apply(block, state, row_stats)
    corrected = checked_correction(returned, block, ranked, owner)
    return replace(block, scores=corrected.masked_fill(~ranked, -math.inf))


def checked_bounds(
    postprocessor: Postprocessor, block: Block, state: State, row_stats: RowStats
) -> tuple[Tensor, Tensor] | None:
    """Keys (Q, d) and how far they may be off, as `Postprocessor.bounds` states them. Raises ContractError."""
    owner = f"{type(postprocessor).__name__}.bounds"
    with _lent(owner, block, state, row_stats):
        returned = postprocessor.bounds(block, state, row_stats)
    return None if returned is None else checked_keys(returned, block, owner)


@contextmanager
def _lent(owner: str, block: Block, state: State, row_stats: RowStats) -> Iterator[None]:
    with watching(owner) as watch:
        watch.lend(SCORES, block.scores)
        _lend(state, watch)
        watch.lend_all("row_stats", row_stats)
        yield


def fitted(postprocessor: Postprocessor, blocks: ScoreBlocks, context: FitContext) -> State:
    """Fit a postprocessor on the fitting queries. Raises ContractError where it writes to their scores, or returns what
    breaks a rule.
    """
    owner = f"{type(postprocessor).__name__}.fit"
    with watching(owner) as watch:
        gallery = context.bank_gallery
        lent = replace(context, bank_gallery=watched(gallery, watch)) if gallery else context
        learnt = postprocessor.fit(watched(blocks, watch), lent)
    return checked_state(learnt, blocks.shape, owner)


def row_stats_of(postprocessor: Postprocessor, state: State, test: ScoreBlocks) -> RowStats:
    """Compute what `apply` needs of whole rows. Raises ContractError."""
    owner = f"{type(postprocessor).__name__}.row_stats"
    with watching(owner) as watch:
        _lend(state, watch)
        returned = postprocessor.row_stats(watched(test, watch), state)
    return checked_row_stats(returned, test.shape, owner)


def _lend(state: State, watch: Watch) -> None:
    watch.lend_all("state.arrays", state.arrays)
    watch.lend_all("state.rows", state.rows)


def enforce_sees(postprocessor: Postprocessor, state: State, test: ScoreBlocks) -> None:
    """Raise PluginError if the first test query's scores depend on others although `sees` is not `batch`.

    It is ranked alone and among the first `WITNESSES`; the two may differ by rounding only.
    """
    if postprocessor.sees == "batch":
        return
    alone = apply_to(postprocessor, state, test.rows(0, 1), candidates="all")
    among = apply_to(postprocessor, state, test.rows(0, WITNESSES), candidates="all")
    for (own, ranked), (shared, _) in zip(alone, among, strict=True):
        size = own.scores[ranked].abs().amax().item() if ranked.any() else 0.0
        if not own.scores[0].allclose(shared.scores[0], rtol=0, atol=TOLERANCE * size):
            only = {"query": "the query itself", "bank": "the query itself and the bank"}[postprocessor.sees]
            raise PluginError(
                f"{type(postprocessor).__name__} claims to see only {only} (sees = {postprocessor.sees!r}), but the "
                "scores of the first test query change with the other test queries. Make `row_stats` and `apply` "
                "compute each row from that row and the state alone, or declare sees = 'batch'."
            )
