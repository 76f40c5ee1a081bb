"""Models that compare texts with items: features through the store, then scores block by block."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from sparsebench.collection.called import documents_called
from sparsebench.collection.looked_at import LookedAt
from sparsebench.collection.read import Gallery
from sparsebench.contracts import LoadedPairedEncoder, PairedEncoder, Side
from sparsebench.contracts.calls import calling
from sparsebench.encoding.features import PairedSide, StoredFeatures
from sparsebench.evaluate.forms.form import Form, Part, Scores, bank_gallery, block_width
from sparsebench.evaluate.forms.pair_scores import PairScores
from sparsebench.evaluate.vectors import WORTH_ENCODING
from sparsebench.search import MatrixScores
from sparsebench.types import Json, Query, Role, Topics

if TYPE_CHECKING:
    import numpy as np
    from scipy.sparse import csr_array


class PairedForm(Form[PairedEncoder]):
    """A paired encoder, in the direction that the collection has."""

    @cached_property
    def loaded(self) -> LoadedPairedEncoder:
        """The model, loaded when first needed."""
        name = f"{type(self.model).__name__}, loaded for {self.collection.spec.label}"
        with self.watch.stage("load model"), calling(name, self.group.model.spec.label):
            return self.model.load(self.group.device)

    def scores(self, queries: Sequence[Query], part: Part) -> Scores[MatrixScores]:
        """Scores of queries: rows of those of the test, bank or development queries where these hold all of them."""
        whole = self._whole(tuple(queries))
        matrix = self._matrix(whole, part)
        if len(whole) != len(queries):
            row_of = {query.query_id: row for row, query in enumerate(whole)}
            matrix = matrix[[row_of[query.query_id] for query in queries]]
        return Scores(MatrixScores(matrix, device=self.group.search_device, block=block_width(len(queries))))

    def facts(self) -> Mapping[str, Json]:
        """Share of texts cut at the maximum length, by role, and what encoded."""
        sides = {"documents": self.features_of_documents("collection"), "queries": self.features_of_queries(self._test)}
        for name, features in sides.items():
            self.watch.seconds[f"encode {name}"] = features.seconds  # what they cost when they were made
        text = "queries" if self.collection.items == "document" else "documents"
        return {
            "truncated": {text: sides[text].truncated / max(1, sides[text].rows)},
            "encoder": dict(sides["documents"].encoder),
        }

    def features_of_queries(self, queries: tuple[Query, ...]) -> StoredFeatures:
        """Features of queries, in their order."""
        if queries not in self._features:
            asked = self.collection.items_asked(Topics(queries))
            with self.watch.stage("encode queries"):
                self._features[queries] = self._encoded(asked, lambda: [query.text for query in queries])
        return self._features[queries]

    def features_of_documents(self, part: Part) -> StoredFeatures:
        """Features of what is ranked, in the order of the corpus."""
        if part not in self._features:
            collection, own = self.collection, part == "bank gallery"
            ranked = collection.items_of_the_bank if own else collection.items_ranked
            gallery = bank_gallery(collection) if own else Gallery(collection.source, collection.corpus)
            with self.watch.stage("encode documents"):
                texts = (document.text for document in documents_called(gallery.source, self.collection.spec.label))
                self._features[part] = self._encoded(ranked, lambda: list(texts))
        return self._features[part]

    def _encoded(self, items: LookedAt | None, texts: Callable[[], Sequence[str]]) -> StoredFeatures:
        if items is not None:
            return self.side("item").encode_items(items.items, self.store, self.progress)
        return self.side("text").encode_texts(texts(), self.store, self.progress)

    @cached_property
    def _features(self) -> dict[Part | tuple[Query, ...], StoredFeatures]:
        return {}

    def side(self, side: Side) -> PairedSide:
        """One side of the model on this device."""
        return PairedSide(self.group.side_identity(side), side, lambda: self.loaded)

    @property
    def _test(self) -> tuple[Query, ...]:
        return self.collection.test.queries

    def _matrix(self, queries: tuple[Query, ...], part: Part) -> np.ndarray | csr_array:
        """Scores (Q, D), computed once."""
        # The bank's queries over the corpus are asked as a part of their own, and are the same numbers.
        gallery: Part = "bank gallery" if part == "bank gallery" else "collection"
        key = gallery, queries
        if key not in self._matrices:
            self._matrices[key] = self.pair_scores(queries, gallery).matrix()
        return self._matrices[key]

    @cached_property
    def _matrices(self) -> dict[tuple[Part, tuple[Query, ...]], np.ndarray | csr_array]:
        return {}

    def pair_scores(self, queries: tuple[Query, ...], gallery: Part) -> PairScores:
        """Scores of queries over one of the galleries, not computed yet."""
        items: Role | None = self.collection.items
        assert items is not None, "the plan has refused collections without items"
        own = gallery == "bank gallery"
        corpus = bank_gallery(self.collection).corpus if own else self.collection.corpus
        return PairScores(
            model=self.model,
            load=lambda: self.loaded,
            items=items,
            queries=self.features_of_queries(queries),
            documents=self.features_of_documents(gallery),
            query_ids=tuple(query.query_id for query in queries),
            doc_ids=corpus.doc_ids,
            store=self.store,
            progress=self.progress,
            watch=self.watch,
            keep=self.model.keeps_scores,
        )

    def _whole(self, queries: tuple[Query, ...]) -> tuple[Query, ...]:
        """The smallest of test, bank and development queries that holds all of these and is not much larger."""
        asked = set(queries)
        parts = (self.collection.test, self.collection.bank, self.collection.dev)
        for topics in filter(None, parts):
            if len(topics.queries) <= WORTH_ENCODING * len(queries) and asked <= set(topics.queries):
                return topics.queries
        return queries
