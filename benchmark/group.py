"""A model on a collection with everything it costs to make: loaded once, encoded once, read by cells and analyzers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from benchmark.collection import topics_digest
from benchmark.contracts import CollectionModel, GroupContext, LoadedEncoder, Scorer, SparseEncoder
from benchmark.encode import Encoder, Vectors, encode_documents, encode_queries
from benchmark.plan import Group
from benchmark.progress import Progress
from benchmark.provenance import Stopwatch
from benchmark.rank import TopK, tie_order
from benchmark.search import MatrixScores, SparseScores, cached
from benchmark.store import Store
from benchmark.types import Json, Query, Ranking, Role, ScoreBlocks, Topics

if TYPE_CHECKING:
    from scipy.sparse import csr_array

BLOCK_BYTES = 256 * 2**20
CACHED_BYTES = 2**30


class Evaluation:
    """The lazy state of one group while it is evaluated."""

    def __init__(self, group: Group, store: Store, progress: Progress, watch: Stopwatch) -> None:
        self.group = group
        self.collection = group.collection
        self._store = store
        self._progress = progress
        self._watch = watch
        self._blocks: dict[str, ScoreBlocks] = {}
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

    @cached_property
    def encoder(self) -> LoadedEncoder:
        """The encoder, loaded (or fitted to the corpus) when first needed."""
        model = self.group.model.model
        with self._watch.stage("load model"):
            if isinstance(model, SparseEncoder):
                return model.load(self.group.device)
            assert isinstance(model, CollectionModel), "a scorer has no encoder"
            return model.fit(self.collection.source.documents, self.group.device)

    @cached_property
    def documents(self) -> Vectors:
        """Vectors of the corpus, (D, V)."""
        vectors = encode_documents(
            self._role("document"),
            self.collection.corpus,
            self.collection.source.documents(),
            self._store,
            self._progress,
        )
        self._watch.seconds["encode documents"] = vectors.seconds
        return vectors

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of query texts, (Q, V)."""
        return encode_queries(self._role("query"), texts, self._store, self._progress)

    @cached_property
    def test_vectors(self) -> Vectors:
        """Vectors of the test queries, (Q, V)."""
        vectors = self.queries([query.text for query in self.collection.test.queries])
        self._watch.seconds["encode queries"] = vectors.seconds
        return vectors

    def scores(self, topics: Topics) -> ScoreBlocks:
        """Raw scores of queries against the corpus, kept in memory where they fit."""
        key = topics_digest(topics)
        if key not in self._blocks:
            self._blocks[key] = cached(self._scores(topics.queries), CACHED_BYTES)
        return self._blocks[key]

    def _scores(self, queries: Sequence[Query]) -> ScoreBlocks:
        model, device = self.group.model.model, self.group.device
        if isinstance(model, Scorer):
            scored = model.score(queries, self.doc_ids)
            self.notes.update(scored.notes)
            return MatrixScores(scored.scores, device=device, block=block_width(len(queries)))
        own = queries == self.collection.test.queries
        vectors = self.test_vectors if own else self.queries([query.text for query in queries])
        return SparseScores(vectors.matrix, self.documents.matrix, device=device, block=block_width(len(queries)))

    def search(self, query_vectors: csr_array, depth: int) -> Ranking:
        """The documents with a score above 0, best first."""
        top = TopK(query_vectors.shape[0], depth, self.order)
        width = block_width(query_vectors.shape[0])
        for block in SparseScores(query_vectors, self.documents.matrix, device=self.group.device, block=width):
            top.add(block.columns, block.scores, block.scores > 0)
        return top.ranking()

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
            vocabulary=self.encoder.vocabulary,
            document_vectors=self.documents.matrix,
            query_vectors=self.test_vectors.matrix,
            encode_queries=lambda texts: self.queries(texts).matrix,
            search=self.search,
        )

    def facts(self) -> dict[str, Json]:
        """For the record: share of texts cut at the maximum length, by role."""
        if isinstance(self.group.model.model, Scorer):
            return {}
        vectors = {"documents": self.documents, "queries": self.test_vectors}
        return {"truncated": {name: found.truncated / found.matrix.shape[0] for name, found in vectors.items()}}

    def _role(self, role: Role) -> Encoder:
        return Encoder(self.group.identities[role], role, lambda: self.encoder)


@lru_cache
def block_width(queries: int) -> int:
    """Documents a block, so that its float64 scores stay within the budget."""
    return max(256, min(65_536, BLOCK_BYTES // (8 * max(queries, 1))))
