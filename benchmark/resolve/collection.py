"""A collection of a suite, ready to be searched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from benchmark.collection import Corpus, absent_judgments, empty_queries, judged, limit, topics_digest
from benchmark.contracts import CollectionSource
from benchmark.errors import CollectionError
from benchmark.progress import Progress
from benchmark.registry import Registry
from benchmark.resolve.corpus import Gallery, read_corpus, require, source_of
from benchmark.resolve.queries import bank_is_same_collection, bank_queries, bank_source, dev_and_own
from benchmark.store import Store
from benchmark.suite import CollectionSpec
from benchmark.types import Json, Topics


@dataclass(frozen=True)
class TestCollection:
    """A collection ready to be searched. bank, dev: None where the suite names none.

    bank_gallery: the bank's own documents, where the suite asks for them.
    counts: what was left out, for the record (queries without a relevant document, judgments of absent documents).
    """

    spec: CollectionSpec
    source: CollectionSource
    corpus: Corpus
    test: Topics
    bank: Topics | None
    bank_is_same_collection: bool
    dev: Topics | None
    counts: Mapping[str, Json]
    bank_gallery: Gallery | None = None

    @cached_property
    def digests(self) -> dict[str, Json]:
        """What of the collection is part of a cell's key."""
        return {"corpus": self.corpus.digest, "test": topics_digest(self.test), "drop_own_id": self.spec.drop_own_id}


def resolve_collection(
    spec: CollectionSpec, registry: Registry, store: Store, progress: Progress, query_limit: int | None = None
) -> TestCollection:
    """Read queries and judgments, and the corpus once when its ids and digest are not in the store.

    Raises CollectionError, naming what is missing and where to get it.
    """
    source = source_of(spec, registry)
    require([source])
    corpus = read_corpus(source, store, progress)
    dev, own = dev_and_own(spec, source)
    test = judged(own)
    if not test.topics.queries:
        raise CollectionError(f"{spec.label}: no test query has a relevant document")
    bank, gallery = bank_queries(spec, source, dev), None
    if spec.bank and spec.bank.gallery:
        origin = bank_source(spec.bank, source)
        gallery = Gallery(origin, read_corpus(origin, store, progress))
    return TestCollection(
        spec=spec,
        source=source,
        corpus=corpus,
        test=limit(test.topics, query_limit) if query_limit else test.topics,
        bank=bank,
        bank_is_same_collection=bank_is_same_collection(spec, source),
        dev=dev,
        counts={
            **test.left_out,
            "empty_queries": empty_queries(test.topics),
            "empty_documents": corpus.empty,
            "judgments_of_absent_documents": absent_judgments(test.topics.qrels, corpus.doc_ids),
        },
        bank_gallery=gallery,
    )
