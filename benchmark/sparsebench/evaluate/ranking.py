"""Rank queries with a postprocessor fitted on what it may see: METHODS 3 on banks, scales, candidates and `sees`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.collection.bank import Bank, resolve_bank
from sparsebench.contracts import FitContext, Postprocessor, State
from sparsebench.contracts.plain import plain_mapping
from sparsebench.errors import CollectionError
from sparsebench.evaluate.answers import Answers
from sparsebench.evaluate.first_ranks import Passes, Relevant, first_ranks
from sparsebench.evaluate.forms import Scores
from sparsebench.evaluate.group import Evaluation
from sparsebench.evaluate.stage import Stage
from sparsebench.planning import PlannedCell
from sparsebench.provenance import Stopwatch
from sparsebench.rank import to_run
from sparsebench.search import resolve_scale, scaled
from sparsebench.search.postprocess import apply_to, enforce_sees, fitted
from sparsebench.search.source import Source
from sparsebench.types import Block, Candidates, Json, Query, Ranking, Run, ScoreBlocks, Topics

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


def rank_topics(
    evaluation: Stage,
    cell: PlannedCell,
    postprocessor: Postprocessor,
    topics: Topics,
    bank: Topics | None,
    watch: Stopwatch,
) -> Outcome:
    """Rank `topics` with a postprocessor fitted on exactly what it may see."""
    with watch.stage("rank"):
        if postprocessor.is_identity and cell.candidates == "retrieved" and _ranked_by_search(evaluation):
            ranking, notes = evaluation.halving(partial(evaluation.top, topics, depth_of(evaluation)))
            return Outcome(ranking, {"scale": 1.0, **first_places(ranking, 0.0)}, notes)
        return evaluation.halving(partial(_postprocessed, evaluation, cell, postprocessor, topics, bank))


def _ranked_by_search(evaluation: Stage) -> bool:
    """Return whether the best documents alone will do: no groups of them, and no rank beyond them."""
    return evaluation.answers.groups is None and not evaluation.group.counts_first_ranks


def _postprocessed(
    evaluation: Stage, cell: PlannedCell, postprocessor: Postprocessor, topics: Topics, bank: Topics | None
) -> Outcome:
    raw = evaluation.scores(topics)
    fitting = _fitting(evaluation, cell, postprocessor, topics, bank)
    scale = 1.0 if fitting is None else resolve_scale(cell.spec.scale, fitting.scores.blocks)
    test = scaled(raw.blocks, scale)
    state = _fitted(postprocessor, fitting, scale) if fitting else State()
    enforce_sees(postprocessor, state, test)
    ranking, ranks = _top(evaluation, cell, postprocessor, state, test, topics)
    facts, notes = (fitting.facts, fitting.notes) if fitting else ({}, {})
    own = f"{type(postprocessor).__name__}.remarks"
    told = {**plain_mapping(postprocessor.remarks(test, state), own, "remarks"), **first_places(ranking, state.error)}
    return Outcome(ranking, {"scale": scale, **facts, **state.facts, **told}, {**raw.notes, **notes}, ranks)


def first_places(ranking: Ranking, error: float) -> dict[str, Json]:
    """How many queries have a first document whose score is that of the second: the document id decides; and how many
    more, if any, have one within the error of it.
    """
    if ranking.scores.shape[1] < 2:
        return {}
    best, second = ranking.scores[np.isfinite(ranking.scores[:, 1]), :2].T
    tied, near = int((best == second).sum()), int((best - second <= error).sum())
    return {"first_places_tied": tied, **({"first_places_near": near - tied} if near > tied else {})}


@dataclass(frozen=True)
class _Fitting:
    """What a postprocessor may fit on. gallery: scores of the same queries for their own documents, where it reads any.

    facts: for the record.
    """

    scores: Scores[ScoreBlocks]
    queries: Sequence[Query]
    gallery: Scores[ScoreBlocks] | None
    facts: Mapping[str, Json]

    @property
    def notes(self) -> Mapping[str, Json]:
        """Of all scores that were read."""
        return {**self.scores.notes, **(self.gallery.notes if self.gallery else {})}


def _fitted(postprocessor: Postprocessor, fitting: _Fitting, scale: float) -> State:
    context = FitContext(
        query_texts=tuple(query.text for query in fitting.queries),
        bank_gallery=scaled(fitting.gallery.blocks, scale) if fitting.gallery else None,
    )
    return fitted(postprocessor, scaled(fitting.scores.blocks, scale), context)


def _fitting(
    evaluation: Stage, cell: PlannedCell, postprocessor: Postprocessor, topics: Topics, bank: Topics | None
) -> _Fitting | None:
    """The scores a postprocessor may fit on, by what it `sees`."""
    if postprocessor.sees == "query":
        return None
    facts: dict[str, Json]
    if postprocessor.sees == "batch":
        scores, queries, facts = evaluation.scores(topics), topics.queries, {"fitting_queries": len(topics.queries)}
    else:
        found = _bank(evaluation, cell, topics, bank)
        scores, queries = evaluation.bank_scores(found.queries), found.queries
        facts = {"fitting_queries": len(queries), "bank_overlaps_dropped": found.dropped_overlaps}
    gallery = evaluation.bank_gallery_scores(queries) if postprocessor.reads_bank_gallery else None
    return _Fitting(scores, queries, gallery, facts)


def _bank(evaluation: Stage, cell: PlannedCell, topics: Topics, bank: Topics | None) -> Bank:
    label = evaluation.collection.spec.label
    if bank is None:
        raise CollectionError(
            f"{cell.spec.label!r} fits on a bank of other queries, and collection {label!r} names none. "
            "Add `bank:` to the collection, e.g. `bank: {split: train}`."
        )
    wanted = cell.spec.bank
    return resolve_bank(
        bank,
        topics,
        same_collection=evaluation.collection.bank_is_same_collection,
        size=wanted.size if wanted else None,
        seed=wanted.seed if wanted else 0,
    )


def _top(
    evaluation: Stage, cell: PlannedCell, postprocessor: Postprocessor, state: State, test: ScoreBlocks, topics: Topics
) -> tuple[Ranking, np.ndarray | None]:
    """The ranking, and the first ranks where a measure needs them."""
    answers, depth = evaluation.answers, depth_of(evaluation)
    relevant = None
    if evaluation.group.counts_first_ranks:
        relevant = Relevant.of(topics, answers, drop_own_id=evaluation.collection.spec.drop_own_id)
    parts, ranks = [], []
    at_once = answers.rows_at_once(ROWS_AT_ONCE)
    for start in range(0, test.shape[0], at_once):
        rows = test.rows(start, start + at_once)
        passes: Passes = partial(_merged, answers, postprocessor, state, rows, cell.candidates)
        if relevant is not None:
            passes = _kept(passes, rows.shape)
            ranks.append(first_ranks(passes, relevant.some(start, start + rows.shape[0]), answers.order))
        parts.append(answers.top(passes(), rows.shape[0], depth))
    return Ranking.stacked(parts), np.concatenate(ranks) if ranks else None


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


def depth_of(evaluation: Stage) -> int:
    """Return how many answers are kept for each query: no more than there are, which is what memory is asked for."""
    # A hit on the query's own id may be dropped afterwards, so one more is kept.
    return min(evaluation.group.depth, len(evaluation.answers.ids)) + evaluation.collection.spec.drop_own_id


def raw_run(evaluation: Evaluation, blocks: Source, topics: Topics) -> Run:
    """A run of raw scores, of what is retrieved."""
    answers, depth = evaluation.answers, depth_of(evaluation)
    if answers.groups is None:
        return run_of(evaluation, blocks.top(depth, evaluation.order), topics)
    retrieved = ((block, block.scores > blocks.floor) for block in blocks)
    merged = answers.merged(retrieved, blocks.shape[0])
    return run_of(evaluation, answers.top(merged, blocks.shape[0], depth), topics)


def run_of(evaluation: Stage, ranking: Ranking, topics: Topics) -> Run:
    """The ranking of `topics` as a run, by the own-id rule of the collection."""
    return to_run(
        ranking,
        [query.query_id for query in topics.queries],
        evaluation.answers.ids,
        exclude_own_id=evaluation.collection.spec.drop_own_id,
    )
