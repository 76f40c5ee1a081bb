"""A collection of a suite, ready to be searched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from sparsebench.collection.called import calling_source
from sparsebench.collection.corpus import Corpus, absent_judgments
from sparsebench.collection.groups import Groups, read_groups
from sparsebench.collection.looked_at import LookedAt
from sparsebench.collection.once import taken_once
from sparsebench.collection.parts import Sources, read_parts
from sparsebench.collection.read import Gallery, beside_files, determined_by, read_corpus, require
from sparsebench.collection.topics import empty_queries, limit, topics_digest
from sparsebench.contracts import CollectionSource
from sparsebench.media import Media, open_media
from sparsebench.progress import Progress
from sparsebench.provenance.digests import portable
from sparsebench.registry import Registry
from sparsebench.registry.provider import Provider
from sparsebench.store import Store
from sparsebench.suite import CollectionSpec
from sparsebench.types import Json, Role, Topics


@dataclass(frozen=True)
class TestCollection:
    """A collection ready to be searched. bank, dev: None where the suite names none.

    bank_gallery: the bank's own documents, where the suite asks for them. provider: the plugin that carries it, if any.
    counts: what was left out, for the record (queries without a relevant document, judgments of absent documents).
    media: where its clips or images lie, where the suite says so. groups: of documents that are one answer.
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
    provider: Provider | None = None
    media: Media | None = None
    groups: Groups | None = None

    @property
    def items(self) -> Role | None:
        """The side that is looked at; documents where the suite names media and the source does not say."""
        return self.source.items or ("document" if self.media else None)

    @cached_property
    def items_ranked(self) -> LookedAt | None:
        """The documents, where these are looked at."""
        if self.media is None or self.items != "document":
            return None
        return LookedAt.documents(self.media, self.source, self.corpus.doc_ids)

    @cached_property
    def items_of_the_bank(self) -> LookedAt | None:
        """The bank's own documents, where these are looked at."""
        if self.media is None or self.items != "document" or self.bank_gallery is None:
            return None
        return LookedAt.documents(self.media, self.bank_gallery.source, self.bank_gallery.corpus.doc_ids)

    def items_asked(self, topics: Topics) -> LookedAt | None:
        """Queries of any part, where these are looked at."""
        if self.media is None or self.items != "query":
            return None
        return LookedAt.queries(self.media, self.source, topics)

    @cached_property
    def digests(self) -> dict[str, Json]:
        """Return the digests of the collection that are part of every cell's key."""
        groups = {} if self.groups is None else {"document_groups": self.groups.digest}
        own = {"corpus": self.corpus.digest, "test": topics_digest(self.test), "drop_own_id": self.spec.drop_own_id}
        return {**own, **groups}

    @cached_property
    def roles(self) -> dict[str, Json]:
        """Return the bank and development queries for records and keys: the suite's own words for them (files without
        their folders), seeds included, and their digests.
        """
        parts = {"bank": (self.spec.bank, self.bank), "dev": (self.spec.dev, self.dev)}
        found: dict[str, Json] = {
            part: {**portable(spec.model_dump(exclude_none=True)), "queries": topics_digest(topics)}
            for part, (spec, topics) in parts.items()
            if spec and topics
        }
        if "bank" in found:
            found["bank"]["same_collection"] = self.bank_is_same_collection
            found["bank"]["documents"] = self.bank_gallery.corpus.digest if self.bank_gallery else None
        return found


def resolve_collection(
    spec: CollectionSpec, registry: Registry, store: Store, progress: Progress, query_limit: int | None = None
) -> TestCollection:
    """Read queries and judgments, and the corpus once when its ids and digest are not in the store.

    Raises CollectionError, naming what is missing and where to get it, or the plugin that cannot read it.
    """
    with calling_source(spec, registry):
        return _resolved(spec, registry, store, progress, query_limit)


def _resolved(
    spec: CollectionSpec, registry: Registry, store: Store, progress: Progress, query_limit: int | None
) -> TestCollection:
    sources = Sources.of(spec, registry)
    require(sources.all)
    corpus = read_corpus(sources.own, store, progress, beside_files(spec, registry))
    parts, groups = read_parts(spec, sources), read_groups(spec, sources.own)
    gallery, carried = None, registry.collections.get(spec.id or "")
    if spec.bank and spec.bank.gallery:
        # A split of the collection's own is read by the same plugin with the same parameters.
        beside = determined_by(spec.bank.id or spec.id, registry, {} if spec.bank.id else spec.params)
        own = read_corpus(sources.bank, store, progress, beside)
        gallery = Gallery(taken_once(sources.bank, own), own)
    return TestCollection(
        spec=spec,
        source=taken_once(sources.own, corpus),
        corpus=corpus,
        test=limit(parts.test, query_limit) if query_limit else parts.test,
        bank=parts.bank,
        bank_is_same_collection=parts.bank_is_same_collection,
        dev=parts.dev,
        counts={
            **parts.counts,
            "empty_queries": empty_queries(parts.test),
            "empty_documents": corpus.empty,
            "documents_repeated": len(corpus.repeats),
            "judgments_of_absent_documents": absent_judgments(parts.test.qrels, corpus.doc_ids),
            **(groups.counts(corpus.doc_ids) if groups else {}),
        },
        bank_gallery=gallery,
        provider=carried.provider if carried else None,
        groups=groups,
        media=open_media(spec.media, sources.own.span) if spec.media else None,
    )
