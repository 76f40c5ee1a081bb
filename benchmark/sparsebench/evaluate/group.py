"""A model on a collection while it is evaluated: the scores of its queries, read by cells and analyzers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from sparsebench.collection import topics_digest
from sparsebench.contracts import GroupContext, Scorer
from sparsebench.evaluate.galleries import on_bank
from sparsebench.evaluate.vectors import GroupVectors, bank_gallery
from sparsebench.planning import Group
from sparsebench.progress import Progress
from sparsebench.provenance import Stopwatch
from sparsebench.rank import tie_order
from sparsebench.search import LazyIndex, MatrixScores, SparseScores, cached
from sparsebench.store import Store
from sparsebench.types import Json, Query, Ranking, ScoreBlocks, Topics

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_Part = Literal["collection", "bank", "bank gallery"]
"""Whose queries, and over whose documents: the bank's queries have two galleries."""

BLOCK_BYTES = 256 * 2**20
CACHED_BYTES = 2**31


class Evaluation:
    """The lazy state of one group while it is evaluated."""

    def __init__(self, group: Group, store: Store, progress: Progress, watch: Stopwatch) -> None:
        self.group = group
        self.collection = group.collection
        self._store = store
        self.progress = progress
        self.vectors = GroupVectors(group, store, progress, watch)
        self._blocks: dict[tuple[_Part, str], ScoreBlocks] = {}
        self._cached_bytes = 0
        self.notes: dict[str, Json] = {}

    @cached_property
    def doc_ids(self) -> np.ndarray:
        """What can be ranked: the corpus, and what a scorer ranks beside it, (D + O,) bytes."""
        model, doc_ids = self.group.model.model, self.collection.corpus.doc_ids
        if not isinstance(model, Scorer):
            return doc_ids
        outside = model.outside(doc_ids)
        self.notes["documents_outside_collection"] = len(outside)
        return np.concatenate([doc_ids, outside])

    @cached_property
    def order(self) -> np.ndarray:
        """The order that breaks ties, (D + O,)."""
        return tie_order(self.doc_ids)

    def scores(self, topics: Topics) -> ScoreBlocks:
        """Raw scores of the collection's queries against the corpus, kept in memory where they fit."""
        return self._kept(topics.queries, "collection")

    def bank_scores(self, queries: Sequence[Query]) -> ScoreBlocks:
        """Raw scores of bank queries against the corpus."""
        return self._kept(queries, "bank")

    def bank_gallery_scores(self, queries: Sequence[Query]) -> ScoreBlocks | None:
        """Raw scores of bank queries against the bank's own documents; None where it has none."""
        return self._kept(queries, "bank gallery") if self.collection.bank_gallery else None

    @cached_property
    def tuning(self) -> Evaluation:
        """Where development queries are ranked: here, or where the bank's own documents stand for the corpus."""
        dev = self.collection.spec.dev
        if dev is None or dev.split != "bank":
            return self
        return Evaluation(on_bank(self.group), self._store, self.progress, Stopwatch())

    def _kept(self, queries: Sequence[Query], part: _Part) -> ScoreBlocks:
        key = part, topics_digest(Topics(tuple(queries)))
        if key not in self._blocks:
            blocks = self._computed(queries, part)
            self._blocks[key] = cached(blocks, CACHED_BYTES - self._cached_bytes)
            self._cached_bytes += 4 * blocks.shape[0] * blocks.shape[1] if self._blocks[key] is not blocks else 0
        return self._blocks[key]

    def _computed(self, queries: Sequence[Query], part: _Part) -> SparseScores | MatrixScores:
        if isinstance(self.group.model.model, Scorer):
            return self._given_scores(queries, part)
        return self._sparse(self.vectors.queries([query.text for query in queries]), part)

    def _given_scores(self, queries: Sequence[Query], part: _Part) -> MatrixScores:
        model = self.group.model.model
        assert isinstance(model, Scorer)
        if part == "collection":
            scored = model.score(queries, self.doc_ids)
            if tuple(queries) == self.collection.test.queries:
                self.notes.update(scored.notes)
        else:
            own = part == "bank gallery"
            doc_ids = bank_gallery(self.collection).corpus.doc_ids if own else self.doc_ids
            same = self.collection.bank_is_same_collection
            scored = model.score_bank(queries, doc_ids, same_collection=same, own_gallery=own)
            self.notes.update({f"bank_{name}": count for name, count in scored.notes.items()})
        return MatrixScores(scored.scores, device=self.group.device, block=block_width(len(queries)))

    def _sparse(self, queries: csr_array, part: _Part) -> SparseScores:
        index = self._bank_index if part == "bank gallery" else self._index
        width = block_width(queries.shape[0])
        return SparseScores(queries, index.documents, device=self.group.device, block=width, index=index)

    @cached_property
    def _index(self) -> LazyIndex:
        return LazyIndex(self.vectors.documents.matrix)

    @cached_property
    def _bank_index(self) -> LazyIndex:
        return LazyIndex(self.vectors.bank_documents.matrix)

    def top(self, topics: Topics, depth: int) -> Ranking:
        """The retrieved documents of the collection's queries by raw score, best first."""
        return self._computed(topics.queries, "collection").top(depth, self.order)

    def search(self, query_vectors: csr_array, depth: int) -> Ranking:
        """The documents with a score above 0, best first."""
        return self._sparse(query_vectors, "collection").top(depth, self.order)

    def context(self) -> GroupContext:
        """What group analyzers may read."""
        collection, model = self.collection, self.group.model.model
        assert not isinstance(model, Scorer), "a scorer has no vectors to analyze"
        return GroupContext(
            collection=collection.spec.label,
            documents=collection.source.documents,
            doc_ids=collection.corpus.doc_ids,
            corpus_digest=collection.corpus.digest,
            test=collection.test,
            bank=collection.bank,
            expands_queries=model.expands_queries,
            vocabulary=self.vectors.encoder.vocabulary,
            document_vectors=self.vectors.documents.matrix,
            query_vectors=self.vectors.test,
            encode_queries=self.vectors.queries,
            search=self.search,
            drop_own_id=collection.spec.drop_own_id,
        )

    def facts(self) -> dict[str, Json]:
        """For the record: share of texts cut at the maximum length, by role; what encoded, and what computed scores."""
        if isinstance(self.group.model.model, Scorer):
            return {}
        path = self._index.path if self.group.device == "cpu" else "product, term by term (torch)"
        return {**self.vectors.facts(), "search": path}


@lru_cache
def block_width(queries: int) -> int:
    """Documents a block, so that its float64 scores stay within the budget."""
    return max(256, min(65_536, BLOCK_BYTES // (8 * max(queries, 1))))
