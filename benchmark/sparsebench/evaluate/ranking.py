"""Rank queries with a postprocessor fitted on what it may see: METHODS 3 on banks, scales, candidates and `sees`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sparsebench.collection.bank import Bank, resolve_bank
from sparsebench.contracts import FitContext, Postprocessor, State
from sparsebench.errors import CollectionError
from sparsebench.evaluate.stage import Stage
from sparsebench.planning import PlannedCell
from sparsebench.provenance import Stopwatch
from sparsebench.rank import TopK, to_run
from sparsebench.search import resolve_scale, scaled
from sparsebench.search.postprocess import apply_to, enforce_sees
from sparsebench.types import Json, Query, Ranking, Run, ScoreBlocks, Topics

ROWS_AT_ONCE = 512


@dataclass(frozen=True)
class Outcome:
    """A ranking of queries and how it came about.

    facts: resolved scale, size of the bank, dropped overlaps; for the record.
    """

    ranking: Ranking
    facts: Mapping[str, Json] = field(default_factory=dict)


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
        if postprocessor.identity and cell.candidates == "retrieved":
            return Outcome(evaluation.top(topics, _depth(evaluation)), {"scale": 1.0})
        test = evaluation.scores(topics)
        fitting, queries, facts = _fitting(evaluation, cell, postprocessor, topics, bank)
        scale = 1.0 if fitting is None else resolve_scale(cell.spec.scale, fitting)
        test = scaled(test, scale)
        state = State()
        if fitting is not None:
            gallery = evaluation.bank_gallery_scores(queries) if postprocessor.reads_bank_gallery else None
            context = FitContext(
                query_texts=[query.text for query in queries],
                bank_gallery=scaled(gallery, scale) if gallery else None,
            )
            state = postprocessor.fit(scaled(fitting, scale), context)
        enforce_sees(postprocessor, state, test)
        ranking = _top(evaluation, cell, postprocessor, state, test)
    return Outcome(ranking, {"scale": scale, **facts, **state.facts})


def _fitting(
    evaluation: Stage, cell: PlannedCell, postprocessor: Postprocessor, topics: Topics, bank: Topics | None
) -> tuple[ScoreBlocks | None, Sequence[Query], dict[str, Json]]:
    """The scores a postprocessor may fit on, by what it `sees`."""
    if postprocessor.sees == "query":
        return None, (), {}
    if postprocessor.sees == "batch":
        return evaluation.scores(topics), topics.queries, {"fitting_queries": len(topics.queries)}
    found = _bank(evaluation, cell, topics, bank)
    facts = {"fitting_queries": len(found.queries), "bank_overlaps_dropped": found.dropped_overlaps}
    return evaluation.bank_scores(found.queries), found.queries, facts


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
    parts = []
    for start in range(0, test.shape[0], ROWS_AT_ONCE):
        rows = test.rows(start, start + ROWS_AT_ONCE)
        top = TopK(rows.shape[0], _depth(evaluation), evaluation.order)
        for block, candidates in apply_to(postprocessor, state, rows, candidates=cell.candidates):
            top.add(block.columns, block.scores, candidates)
        parts.append(top.ranking())
    return Ranking.stacked(parts)


def _depth(evaluation: Stage) -> int:
    # A hit on the query's own id may be dropped afterwards, so one more is kept.
    return evaluation.group.depth + evaluation.collection.spec.drop_own_id


def run_of(evaluation: Stage, ranking: Ranking, topics: Topics) -> Run:
    """The ranking of `topics` as a run, by the own-id rule of the collection."""
    return to_run(
        ranking,
        [query.query_id for query in topics.queries],
        evaluation.doc_ids,
        exclude_own_id=evaluation.collection.spec.drop_own_id,
    )
