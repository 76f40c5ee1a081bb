"""Rank queries with a postprocessor fitted on what it may see: METHODS 3 on banks, scales, candidates and `sees`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.contracts import Postprocessor, State
from sparsebench.contracts.calls import calling
from sparsebench.contracts.plain import plain_mapping
from sparsebench.evaluate.answers import Answers
from sparsebench.evaluate.first_ranks import Passes, Relevant, first_ranks
from sparsebench.evaluate.fitting import fitting_of
from sparsebench.evaluate.group import Evaluation
from sparsebench.evaluate.stage import RankingContext
from sparsebench.planning import PlannedCell
from sparsebench.provenance import Stopwatch
from sparsebench.rank import to_run
from sparsebench.search import resolve_scale, scaled
from sparsebench.search.postprocess import apply_to, enforce_sees
from sparsebench.search.shortlist import best_by_bounds
from sparsebench.search.source import Source
from sparsebench.types import Block, Candidates, Json, Ranking, Run, ScoreBlocks, Topics

if TYPE_CHECKING:
    from torch import Tensor

ROWS_AT_ONCE = 512
KEPT_BYTES = 2**28


@dataclass(frozen=True)
class Outcome:
    """A ranking of queries and how it came about.

    For the record: facts, the resolved scale, size of the bank, dropped overlaps; notes, counts of all scores it read.
    first_ranks: (Q,) ranks of the first relevant answer among all, where a measure needs them.
    """

    ranking: Ranking
    facts: Mapping[str, Json] = field(default_factory=dict)
    notes: Mapping[str, Json] = field(default_factory=dict)
    first_ranks: np.ndarray | None = None

    def ranks(self, topics: Topics) -> dict[str, int] | None:
        """The first rank of each query by its id, where it was counted."""
        if self.first_ranks is None:
            return None
        return {query.query_id: int(rank) for query, rank in zip(topics.queries, self.first_ranks, strict=True)}


def rank_collection(
    evaluation: Evaluation,
    cell: PlannedCell,
    postprocessor: Postprocessor,
    topics: Topics,
    bank: Topics | None,
    watch: Stopwatch,
) -> Outcome:
    """Rank `topics` over the whole collection like `rank_topics`; what leaves scores as they are is a search for the
    best.
    """
    if not (postprocessor.is_identity and cell.candidates == "retrieved" and _ranked_by_search(evaluation)):
        return rank_topics(evaluation, cell, postprocessor, topics, bank, watch)
    with watch.stage("rank"):
        ranking, notes = evaluation.halving(partial(evaluation.top, topics, depth_of(evaluation)))
        return Outcome(ranking, {"scale": 1.0, **first_places(ranking, 0.0)}, notes)


def rank_topics(
    where: RankingContext,
    cell: PlannedCell,
    postprocessor: Postprocessor,
    topics: Topics,
    bank: Topics | None,
    watch: Stopwatch,
) -> Outcome:
    """Rank `topics` with a postprocessor fitted on exactly what it may see."""
    with watch.stage("rank"):
        return where.halving(partial(_postprocessed, where, cell, postprocessor, topics, bank))


def _ranked_by_search(evaluation: Evaluation) -> bool:
    """Return whether the best documents alone will do: no groups of them, and no rank beyond them."""
    return evaluation.answers.groups is None and not evaluation.group.counts_first_ranks


def _postprocessed(
    where: RankingContext, cell: PlannedCell, postprocessor: Postprocessor, topics: Topics, bank: Topics | None
) -> Outcome:
    raw = where.scores(topics)
    fitting = fitting_of(where, cell, postprocessor, topics, bank)
    scale = 1.0 if fitting is None else resolve_scale(cell.spec.scale, fitting.scores.blocks)
    test = scaled(raw.blocks, scale)
    state = fitting.fitted(postprocessor, scale) if fitting else State()
    enforce_sees(postprocessor, state, test)
    ranking, ranks = _top(where, cell, postprocessor, state, test, topics)
    facts, notes = (fitting.facts, fitting.notes) if fitting else ({}, {})
    own = f"{type(postprocessor).__name__}.remarks"
    with calling(own):
        remarks = plain_mapping(postprocessor.remarks(test, state), own, "remarks")
    told = {**remarks, **first_places(ranking, state.error)}
    return Outcome(ranking, {"scale": scale, **facts, **state.facts, **told}, {**raw.notes, **notes}, ranks)


def first_places(ranking: Ranking, error: float) -> dict[str, Json]:
    """Count the queries whose first document has the score of the second, so that the document id decides; and the
    others, if any, whose first two are within the error of it.
    """
    if ranking.scores.shape[1] < 2:
        return {}
    best, second = ranking.scores[np.isfinite(ranking.scores[:, 1]), :2].T
    tied, near = int((best == second).sum()), int((best - second <= error).sum())
    return {"first_places_tied": tied, **({"first_places_near": near - tied} if near > tied else {})}


def _top(
    where: RankingContext,
    cell: PlannedCell,
    postprocessor: Postprocessor,
    state: State,
    test: ScoreBlocks,
    topics: Topics,
) -> tuple[Ranking, np.ndarray | None]:
    """The ranking, and the first ranks where a measure needs them."""
    answers, depth = where.answers, depth_of(where)
    relevant = None
    if where.group.counts_first_ranks:
        relevant = Relevant.of(topics, answers, drop_own_id=where.collection.spec.drop_own_id)
    parts, ranks = [], []
    at_once = answers.rows_at_once(ROWS_AT_ONCE)
    for start in range(0, test.shape[0], at_once):
        rows = test.rows(start, start + at_once)
        passes: Passes = partial(_merged, answers, postprocessor, state, rows, cell.candidates)
        if relevant is not None:
            passes = _kept(passes, rows.shape)
            ranks.append(first_ranks(passes, relevant.some(start, start + rows.shape[0]), answers.order))
        short = _short(where, cell, postprocessor, state, rows)
        parts.append(answers.top(passes(), rows.shape[0], depth) if short is None else short)
    return Ranking.stacked(parts), np.concatenate(ranks) if ranks else None


def _short(
    where: RankingContext, cell: PlannedCell, postprocessor: Postprocessor, state: State, rows: ScoreBlocks
) -> Ranking | None:
    """The ranking by float32 and an error bound, on a GPU; None where all documents are corrected in float64.

    A CPU does float64 as fast as it reads and writes what two passes need.
    """
    everything = where.group.counts_first_ranks or where.answers.groups is not None
    if where.group.search_device == "cpu" or everything:
        return None
    return best_by_bounds(
        postprocessor, state, rows, k=depth_of(where), order=where.answers.order, candidates=cell.candidates
    )


def _merged(
    answers: Answers, postprocessor: Postprocessor, state: State, rows: ScoreBlocks, candidates: Candidates
) -> Iterable[tuple[Block, Tensor]]:
    return answers.merged(apply_to(postprocessor, state, rows, candidates=candidates), rows.shape[0])


def _kept(passes: Passes, shape: tuple[int, int]) -> Passes:
    """Return the same passes, applied once where all scores of the rows fit in memory."""
    if 8 * shape[0] * shape[1] > KEPT_BYTES:
        return passes
    blocks = list(passes())
    return lambda: blocks


def depth_of(where: RankingContext) -> int:
    """Return how many answers are kept for each query: no more than there are, which is what memory is asked for."""
    # A hit on the query's own id may be dropped afterwards, so one more is kept.
    return min(where.group.depth, len(where.answers.ids)) + where.collection.spec.drop_own_id


def raw_run(evaluation: Evaluation, blocks: Source, topics: Topics) -> Run:
    """A run of raw scores, of what is retrieved."""
    answers, depth = evaluation.answers, depth_of(evaluation)
    if answers.groups is None:
        return run_of(evaluation, blocks.top(depth, evaluation.order), topics)
    retrieved = ((block, block.scores > blocks.floor) for block in blocks)
    merged = answers.merged(retrieved, blocks.shape[0])
    return run_of(evaluation, answers.top(merged, blocks.shape[0], depth), topics)


def run_of(where: RankingContext, ranking: Ranking, topics: Topics) -> Run:
    """The ranking of `topics` as a run, by the own-id rule of the collection."""
    return to_run(
        ranking,
        [query.query_id for query in topics.queries],
        where.answers.ids,
        exclude_own_id=where.collection.spec.drop_own_id,
    )
