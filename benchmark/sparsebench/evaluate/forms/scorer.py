"""Models that give scores for ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sparsebench.contracts import ScoredIds, Scorer
from sparsebench.contracts.calls import calling
from sparsebench.contracts.readonly import read_only
from sparsebench.evaluate.forms.form import Form, Part, Scores, bank_gallery, block_width
from sparsebench.search import MatrixScores
from sparsebench.search.returned import checked_ids, checked_scores
from sparsebench.types import Json, Query


class ScorerForm(Form[Scorer]):
    """A scorer, asked for the ids of the collection and those that it ranks beside them."""

    @cached_property
    def outside(self) -> np.ndarray | None:
        """Ids (O,) bytes that its runs rank and that the corpus lacks."""
        doc_ids = self.collection.corpus.doc_ids
        owner = f"{type(self.model).__name__}.outside"
        with calling(owner, self.group.name):
            outside = self.model.outside(read_only(doc_ids))
        return checked_ids(outside, doc_ids, owner)

    def scores(self, queries: Sequence[Query], part: Part) -> Scores[MatrixScores]:
        """Scores as it gives them."""
        scored = self._scored(queries, part)
        blocks = MatrixScores(scored.scores, device=self.group.search_device, block=block_width(len(queries)))
        return Scores(blocks, self._notes(scored, queries, part))

    def on_bank(self) -> Scorer:
        """Asked for the scores of the bank's own documents."""
        return OnBank(self.model, self.collection.bank_is_same_collection)

    def _scored(self, queries: Sequence[Query], part: Part) -> ScoredIds:
        own = part == "bank gallery"
        doc_ids = read_only(bank_gallery(self.collection).corpus.doc_ids if own else self._doc_ids)
        same = self.collection.bank_is_same_collection
        method = "score" if part == "collection" else "score_bank"
        owner = f"{type(self.model).__name__}.{method}"
        with calling(owner, self.group.name, part):
            if part == "collection":
                scored = self.model.score(queries, doc_ids)
            else:
                scored = self.model.score_bank(queries, doc_ids, same_collection=same, own_gallery=own)
        return checked_scores(scored, shape=(len(queries), len(doc_ids)), owner=owner)

    def _notes(self, scored: ScoredIds, queries: Sequence[Query], part: Part) -> Mapping[str, Json]:
        if part == "collection":
            return scored.notes if tuple(queries) == self.collection.test.queries else {}
        return {f"bank_{name}": count for name, count in scored.notes.items()}

    @cached_property
    def _doc_ids(self) -> np.ndarray:
        return np.concatenate([self.collection.corpus.doc_ids, self.outside])


@dataclass(frozen=True)
class OnBank(Scorer):
    """A scorer of bank queries over the bank's own documents. same_collection: as in `score_bank` of the one inside."""

    inner: Scorer
    same_collection: bool

    def identity(self) -> Mapping[str, Json]:
        """Return the identity of the scorer inside."""
        return self.inner.identity()

    def score(self, queries: Sequence[Query], doc_ids: np.ndarray) -> ScoredIds:
        """Scores of bank queries for the bank's own documents."""
        return self.inner.score_bank(queries, doc_ids, same_collection=self.same_collection, own_gallery=True)
