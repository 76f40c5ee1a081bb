"""A model on a collection while it is evaluated: the scores of its queries, read by cells and analyzers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from sparsebench.collection.topics import topics_digest
from sparsebench.contracts import GroupContext
from sparsebench.contracts.readonly import read_only_group
from sparsebench.evaluate.answers import Answers
from sparsebench.evaluate.forms import Form, Part, Scores, form_of
from sparsebench.evaluate.forms.form import WIDEST
from sparsebench.evaluate.galleries import on_bank
from sparsebench.evaluate.room import Room
from sparsebench.evaluate.vectors import GroupVectors
from sparsebench.planning import Group
from sparsebench.progress import Progress
from sparsebench.provenance import Stopwatch
from sparsebench.rank import tie_order
from sparsebench.search import byte_count, cached, touched
from sparsebench.search.source import Source
from sparsebench.store import Store
from sparsebench.types import Json, Query, Ranking, ScoreBlocks, Topics

if TYPE_CHECKING:
    from scipy.sparse import csr_array

T = TypeVar("T")


class Evaluation:
    """The lazy state of one group while it is evaluated."""

    def __init__(self, group: Group, store: Store, progress: Progress, watch: Stopwatch) -> None:
        self.group = group
        self.collection = group.collection
        self._store = store
        self.progress = progress
        self._watch = watch
        self._scores: dict[tuple[Part, str], Scores[ScoreBlocks]] = {}
        self._cached_bytes = 0
        self._room = Room.on(group.search_device)

    @cached_property
    def form(self) -> Form[Any]:
        """Return the form of the model, which answers queries for it."""
        return form_of(self.group, self._store, self.progress, self._watch)

    @cached_property
    def doc_ids(self) -> np.ndarray:
        """Ids that can be ranked: the corpus, and what a scorer ranks beside it, (D + O,) bytes."""
        doc_ids, outside = self.collection.corpus.doc_ids, self.form.outside
        return doc_ids if outside is None else np.concatenate([doc_ids, outside])

    @property
    def vectors(self) -> GroupVectors:
        """The model's sparse vectors. Raises NotApplicable where it has none."""
        return self.form.vectors

    @cached_property
    def answers(self) -> Answers:
        """Answers that a run lists: these documents, or their groups."""
        return Answers(self.doc_ids, self.collection.groups)

    @cached_property
    def order(self) -> np.ndarray:
        """The order that breaks ties of documents, (D + O,)."""
        return tie_order(self.doc_ids)

    def scores(self, topics: Topics) -> Scores[ScoreBlocks]:
        """Raw scores of the collection's queries against the corpus, kept in memory where they fit."""
        return self._kept(topics.queries, "collection")

    def bank_scores(self, queries: Sequence[Query]) -> Scores[ScoreBlocks]:
        """Raw scores of bank queries against the corpus."""
        return self._kept(queries, "bank")

    def bank_gallery_scores(self, queries: Sequence[Query]) -> Scores[ScoreBlocks] | None:
        """Raw scores of bank queries against the bank's own documents; None where it has none."""
        return self._kept(queries, "bank gallery") if self.collection.bank_gallery else None

    @cached_property
    def tuning(self) -> Evaluation:
        """Evaluation that ranks development queries: this one, or one over the bank's own documents."""
        dev = self.collection.spec.dev
        if dev is None or dev.split != "bank":
            return self
        return Evaluation(on_bank(self.group, self.form.on_bank()), self._store, self.progress, Stopwatch())

    def _kept(self, queries: Sequence[Query], part: Part) -> Scores[ScoreBlocks]:
        key = part, topics_digest(Topics(tuple(queries)))
        if key not in self._scores:
            computed = self._computed(queries, part)
            blocks = cached(computed.blocks, self._room.kept - self._cached_bytes)
            self._cached_bytes += byte_count(blocks) if blocks is not computed.blocks else 0
            self._scores[key] = Scores(blocks, computed.notes)
        return self._scores[key]

    def _computed(self, queries: Sequence[Query], part: Part) -> Scores[Source]:
        computed = self.form.scores(queries, part)
        return Scores(self._room.fitting(computed.blocks), computed.notes)

    def halving(self, work: Callable[[], T]) -> T:
        """Return `work` on the scores; where memory ends, start over with half as many at once."""

        def start_over() -> None:
            self._scores.clear()
            self._cached_bytes = 0

        return self._room.halving(work, start_over, widest=min(len(self.doc_ids), WIDEST))

    def forget_touched(self) -> bool:
        """Drop kept scores that a plugin wrote to: the next cell computes them again. True where there were any."""
        inner = self.__dict__.get("tuning", self)
        elsewhere = inner is not self and inner.forget_touched()
        dirty = [key for key, scores in self._scores.items() if touched(scores.blocks)]
        for key in dirty:
            self._cached_bytes -= byte_count(self._scores.pop(key).blocks)
        return bool(dirty) or elsewhere

    def top(self, topics: Topics, depth: int) -> tuple[Ranking, Mapping[str, Json]]:
        """The retrieved documents of the collection's queries by raw score, best first; and the notes of the scores."""
        computed = self._computed(topics.queries, "collection")
        return computed.blocks.top(depth, self.order), computed.notes

    def search(self, query_vectors: csr_array, depth: int) -> Ranking:
        """The documents with a score above 0, best first."""
        return self.form.search(query_vectors, depth, self.order)

    def context(self) -> GroupContext:
        """Build the read-only context of group analyzers. Raises NotApplicable if the model has no sparse vectors."""
        collection = self.collection
        context = GroupContext(
            collection=collection.spec.label,
            documents=collection.source.documents,
            doc_ids=collection.corpus.doc_ids,
            corpus_digest=collection.corpus.digest,
            test=collection.test,
            bank=collection.bank,
            expands_queries=self.vectors.expands_queries,
            vocabulary=self.vectors.encoder.vocabulary,
            document_vectors=self.vectors.documents.matrix,
            query_vectors=self.vectors.test,
            encode_queries=self.vectors.queries,
            search=self.search,
            drop_own_id=collection.spec.drop_own_id,
        )
        return read_only_group(context)

    def counts(self) -> dict[str, Json]:
        """Return counts for the record: what the collection left out, and what is ranked that it does not hold."""
        outside = self.form.outside
        beside = {} if outside is None else {"documents_outside_collection": len(outside)}
        return {**self.collection.counts, **beside}
