"""Tuning on the bank (`dev: {split: bank}`): its own documents take the part of those that are tested.

What is chosen there then needs no judgment of a tested document: text-video sets are made so, with a gallery for
validation and one for test, each holding the answers to its own queries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmark.contracts import ScoredIds, Scorer
from benchmark.plan import Group
from benchmark.resolve import Gallery, ResolvedModel, TestCollection
from benchmark.types import Json, Query


def on_bank(group: Group) -> Group:
    """The group with the bank's queries and documents in the place of those of the collection, and the other way."""
    collection = group.collection
    scorer = group.model.model
    model: ResolvedModel = group.model
    if isinstance(scorer, Scorer):
        model = replace(model, model=OnBank(scorer, collection.bank_is_same_collection))
    return replace(group, model=model, collection=_swapped(collection))


def _swapped(collection: TestCollection) -> TestCollection:
    gallery, dev = collection.bank_gallery, collection.dev
    assert gallery is not None
    assert dev is not None
    return replace(
        collection,
        source=gallery.source,
        corpus=gallery.corpus,
        test=dev,
        bank_gallery=Gallery(collection.source, collection.corpus),
        bank_is_same_collection=True,  # bank and development queries are the same ones
        counts={},
    )


@dataclass(frozen=True)
class OnBank(Scorer):
    """A scorer whose two galleries have changed places. same_collection: as in `score_bank` of the one inside."""

    inner: Scorer
    same_collection: bool

    def identity(self) -> Mapping[str, Json]:
        """That of the scorer inside."""
        return self.inner.identity()

    def score(self, queries: Sequence[Query], doc_ids: np.ndarray) -> ScoredIds:
        """Bank queries over the bank's own documents."""
        return self._score(queries, doc_ids, own_gallery=True)

    def score_bank(
        self, queries: Sequence[Query], doc_ids: np.ndarray, *, same_collection: bool, own_gallery: bool = False
    ) -> ScoredIds:
        """Bank queries over the same, or (own_gallery) over the tested documents."""
        return self._score(queries, doc_ids, own_gallery=not own_gallery)

    def _score(self, queries: Sequence[Query], doc_ids: np.ndarray, *, own_gallery: bool) -> ScoredIds:
        return self.inner.score_bank(queries, doc_ids, same_collection=self.same_collection, own_gallery=own_gallery)
