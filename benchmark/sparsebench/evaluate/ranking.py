"""Rank queries with a postprocessor fitted on what it may see: METHODS 3 on banks, scales, candidates and `sees`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from sparsebench.collection.bank import Bank, resolve_bank
from sparsebench.contracts import FitContext, Postprocessor, State
from sparsebench.contracts.plain import plain_mapping
from sparsebench.errors import CollectionError
from sparsebench.evaluate.forms import Scores
from sparsebench.evaluate.group import Evaluation
from sparsebench.evaluate.stage import Stage
from sparsebench.planning import PlannedCell
from sparsebench.provenance import Stopwatch
from sparsebench.rank import to_run
from sparsebench.search import resolve_scale, scaled
from sparsebench.search.postprocess import apply_to, enforce_sees, fitted
from sparsebench.search.source import Source
from sparsebench.types import Json, Query, Ranking, Run, ScoreBlocks, Topics

ROWS_AT_ONCE = 512


@dataclass(frozen=True)
class Outcome:
    """A ranking of queries and how it came about.

    For the record: facts, the resolved scale, size of the bank, dropped overlaps; notes, counts of all scores it read.
    """

    ranking: Ranking
    facts: Mapping[str, Json] = field(default_factory=dict)
    notes: Mapping[str, Json] = field(default_factory=dict)


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
        if postprocessor.identity and cell.candidates == "retrieved" and evaluation.answers.groups is None:
            ranking, notes = evaluation.halving(partial(evaluation.top, topics, _depth(evaluation)))
            return Outcome(ranking, {"scale": 1.0, **first_places(ranking, 0.0)}, notes)
        return evaluation.halving(partial(_postprocessed, evaluation, cell, postprocessor, topics, bank))


def _postprocessed(
    evaluation: Stage, cell: PlannedCell, postprocessor: Postprocessor, topics: Topics, bank: Topics | None
) -> Outcome:
    raw = evaluation.scores(topics)
    fitting = _fitting(evaluation, cell, postprocessor, topics, bank)
    scale = 1.0 if fitting is None else resolve_scale(cell.spec.scale, fitting.scores.blocks)
    test = scaled(raw.blocks, scale)
    state = _fitted(postprocessor, fitting, scale) if fitting else State()
    enforce_sees(postprocessor, state, test)
    ranking = _top(evaluation, cell, postprocessor, state, test)
    facts, notes = (fitting.facts, fitting.notes) if fitting else ({}, {})
    own = f"{type(postprocessor).__name__}.remarks"
    told = {**plain_mapping(postprocessor.remarks(test, state), own, "remarks"), **first_places(ranking, state.error)}
    return Outcome(ranking, {"scale": scale, **facts, **state.facts, **told}, {**raw.notes, **notes})


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
    evaluation: Stage, cell: PlannedCell, postprocessor: Postprocessor, state: State, test: ScoreBlocks
) -> Ranking:
    parts, at_once = [], evaluation.answers.rows_at_once(ROWS_AT_ONCE)
    for start in range(0, test.shape[0], at_once):
        rows = test.rows(start, start + at_once)
        corrected = apply_to(postprocessor, state, rows, candidates=cell.candidates)
        parts.append(evaluation.answers.top(corrected, rows.shape[0], _depth(evaluation)))
    return Ranking.stacked(parts)


def _depth(evaluation: Stage) -> int:
    # A hit on the query's own id may be dropped afterwards, so one more is kept.
    return evaluation.group.depth + evaluation.collection.spec.drop_own_id


def raw_run(evaluation: Evaluation, blocks: Source, topics: Topics) -> Run:
    """A run of raw scores, of what is retrieved."""
    answers, depth = evaluation.answers, _depth(evaluation)
    if answers.groups is None:
        return run_of(evaluation, blocks.top(depth, evaluation.order), topics)
    retrieved = ((block, block.scores > blocks.floor) for block in blocks)
    return run_of(evaluation, answers.top(retrieved, blocks.shape[0], depth), topics)


def run_of(evaluation: Stage, ranking: Ranking, topics: Topics) -> Run:
    """The ranking of `topics` as a run, by the own-id rule of the collection."""
    return to_run(
        ranking,
        [query.query_id for query in topics.queries],
        evaluation.answers.ids,
        exclude_own_id=evaluation.collection.spec.drop_own_id,
    )
