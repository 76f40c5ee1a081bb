"""Scores that a postprocessor is fitted on, by what it may see (METHODS 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sparsebench.collection.bank import Bank, resolve_bank
from sparsebench.contracts import FitContext, Postprocessor, State
from sparsebench.errors import CollectionError
from sparsebench.evaluate.forms import Scores
from sparsebench.evaluate.stage import RankingContext
from sparsebench.planning import PlannedCell
from sparsebench.search import scaled
from sparsebench.search.postprocess import fitted
from sparsebench.types import Json, Query, ScoreBlocks, Topics


@dataclass(frozen=True)
class Fitting:
    """Scores and texts that a postprocessor may fit on.

    gallery: scores of the same queries for the bank's own documents, or None. facts: for the record.
    """

    scores: Scores[ScoreBlocks]
    queries: Sequence[Query]
    gallery: Scores[ScoreBlocks] | None
    facts: Mapping[str, Json]

    @property
    def notes(self) -> Mapping[str, Json]:
        """Return the notes on all scores that were read."""
        return {**self.scores.notes, **(self.gallery.notes if self.gallery else {})}

    def fitted(self, postprocessor: Postprocessor, scale: float) -> State:
        """Fit the postprocessor on the scores divided by `scale`."""
        context = FitContext(
            query_texts=tuple(query.text for query in self.queries),
            bank_gallery=scaled(self.gallery.blocks, scale) if self.gallery else None,
        )
        return fitted(postprocessor, scaled(self.scores.blocks, scale), context)


def fitting_of(
    where: RankingContext, cell: PlannedCell, postprocessor: Postprocessor, topics: Topics, bank: Topics | None
) -> Fitting | None:
    """The scores a postprocessor may fit on, by what it `sees`."""
    if postprocessor.sees == "query":
        return None
    facts: dict[str, Json]
    if postprocessor.sees == "batch":
        scores, queries, facts = where.scores(topics), topics.queries, {"fitting_queries": len(topics.queries)}
    else:
        found = _bank(where, cell, topics, bank)
        scores, queries = where.bank_scores(found.queries), found.queries
        facts = {"fitting_queries": len(queries), "bank_overlaps_dropped": found.dropped_overlaps}
    gallery = where.bank_gallery_scores(queries) if postprocessor.reads_bank_gallery else None
    return Fitting(scores, queries, gallery, facts)


def _bank(where: RankingContext, cell: PlannedCell, topics: Topics, bank: Topics | None) -> Bank:
    label = where.collection.spec.label
    if bank is None:
        raise CollectionError(
            f"{cell.spec.label!r} fits on a bank of other queries, and collection {label!r} names none. "
            "Add `bank:` to the collection, e.g. `bank: {split: train}`."
        )
    wanted = cell.spec.bank
    return resolve_bank(
        bank,
        topics,
        same_collection=where.collection.bank_is_same_collection,
        size=wanted.size if wanted else None,
        seed=wanted.seed if wanted else 0,
    )
