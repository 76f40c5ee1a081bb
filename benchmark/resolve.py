"""What a suite names -> what is at hand: its collections with their queries, its models with their providers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmark.collection import (
    BeirFolder,
    Corpus,
    IrDatasets,
    TsvCollection,
    absent_judgments,
    empty_queries,
    hash_split,
    judged,
    limit,
    read_queries,
    scan,
    topics_digest,
)
from benchmark.contracts import CollectionModel, CollectionSource, Fetchable, Model, Scorer
from benchmark.errors import CollectionError, NotAtHandError
from benchmark.fingerprint import digest, files_digest, library_versions, source_digest
from benchmark.progress import Progress
from benchmark.registry import Registered, Registry
from benchmark.store import Artefact, Store
from benchmark.suite import BankSource, CollectionSpec, ModelSpec
from benchmark.types import Json, Role, Topics


@dataclass(frozen=True)
class Gallery:
    """Documents to rank."""

    source: CollectionSource
    corpus: Corpus


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


@dataclass(frozen=True)
class ResolvedModel:
    """A model of a suite: made, not loaded."""

    spec: ModelSpec
    model: Model
    registered: Registered

    def identity(self, role: Role, corpus: Corpus, device: str) -> dict[str, Json]:
        """All that determines its vectors (or scores) on this collection and device class."""
        own = self.model.identity() if isinstance(self.model, Scorer) else self.model.identity(role)
        fitted = {"corpus": corpus.digest} if isinstance(self.model, CollectionModel) else {}
        return {
            "model": dict(own),
            "plugin": self.registered.source_digest,
            "harness": source_digest("benchmark.encoding"),
            "libraries": library_versions(),
            "device": device.partition(":")[0],
            "dtype": "float32",
            **fitted,
        }


def resolve_model(spec: ModelSpec, registry: Registry) -> ResolvedModel:
    """Raises PluginError or ModelError; the suite has checked names and parameters before."""
    registered = registry.get("models", spec.name)
    return ResolvedModel(spec, registered.plugin.factory(**spec.params), registered)


def source_of(spec: CollectionSpec, registry: Registry) -> CollectionSource:
    """The source a suite names: a packaged collection, an ir_datasets id, a BEIR folder, or TSV files."""
    if spec.id is not None:
        if spec.id in registry.collections:
            return BeirFolder(registry.collections[spec.id].plugin.folder, spec.id)
        return IrDatasets(spec.id)
    if spec.beir is not None:
        return BeirFolder(spec.beir, spec.name)
    assert spec.docs_tsv is not None
    assert spec.queries_tsv is not None
    return TsvCollection(spec.docs_tsv, spec.queries_tsv, spec.qrels, spec.name)


def resolve_collection(
    spec: CollectionSpec, registry: Registry, store: Store, progress: Progress, query_limit: int | None = None
) -> TestCollection:
    """Read queries and judgments, and the corpus once when its ids and digest are not in the store.

    Raises CollectionError, naming what is missing and where to get it.
    """
    source = source_of(spec, registry)
    require([source])
    corpus = read_corpus(source, store, progress)
    dev, own = _dev(spec, source)
    test = judged(own)
    if not test.topics.queries:
        raise CollectionError(f"{spec.label}: no test query has a relevant document")
    bank, gallery = _bank(spec, source), None
    if spec.bank and spec.bank.gallery:
        origin = _bank_source(spec.bank, source)
        gallery = Gallery(origin, read_corpus(origin, store, progress))
    return TestCollection(
        spec=spec,
        source=source,
        corpus=corpus,
        test=limit(test.topics, query_limit) if query_limit else test.topics,
        bank=bank,
        bank_is_same_collection=bank is not None and _same_collection(spec, source),
        dev=dev,
        counts={
            **test.left_out,
            "empty_queries": empty_queries(test.topics),
            "empty_documents": corpus.empty,
            "judgments_of_absent_documents": absent_judgments(test.topics.qrels, corpus.doc_ids),
        },
        bank_gallery=gallery,
    )


def require(parts: Sequence[Fetchable]) -> None:
    """Raise one NotAtHandError that lists everything that is not at hand and where to get it."""
    if lines := [line for part in parts for line in part.missing()]:
        raise NotAtHandError("not at hand:\n" + "\n".join(f"  {line}" for line in lines))


def read_corpus(source: CollectionSource, store: Store, progress: Progress) -> Corpus:
    """Ids and digest of a corpus, from the store when its files are the same."""
    files = list(source.files())
    key = digest({"source": source.name, "files": files_digest(files), "code": source_digest("benchmark.collection")})
    if files and (artefact := store.find("corpus", key)):
        return _load_corpus(artefact)
    progress.say(f"{source.name}: reading the documents")
    corpus = scan(source.documents(), where=source.where)
    if files:
        with store.writing("corpus", key, {"digest": corpus.digest, "empty": corpus.empty}) as folder:
            np.save(folder / "doc_ids.npy", corpus.doc_ids, allow_pickle=False)
    return corpus


def _load_corpus(artefact: Artefact) -> Corpus:
    doc_ids = np.load(artefact.folder / "doc_ids.npy", allow_pickle=False)
    return Corpus(doc_ids, artefact.facts["digest"], artefact.facts["empty"])


def _dev(spec: CollectionSpec, source: CollectionSource) -> tuple[Topics | None, Topics]:
    """Development queries, and the collection's own queries without those carved out of them."""
    own = source.topics(spec.split)
    if spec.dev is None:
        return None, own
    if spec.dev.split == "hash":
        return hash_split(judged(own).topics, share=spec.dev.share, seed=spec.dev.seed)
    if spec.dev.split == "bank":
        assert spec.bank is not None
        return judged(_bank_source(spec.bank, source).topics(spec.bank.split)).topics, own
    return judged(_other(spec.dev.id, source).topics(spec.dev.split)).topics, own


def _bank(spec: CollectionSpec, source: CollectionSource) -> Topics | None:
    if spec.bank is None:
        return None
    if spec.bank.queries_tsv is not None:
        return read_queries(spec.bank.queries_tsv)
    return Topics(_bank_source(spec.bank, source).topics(spec.bank.split).queries)


def _bank_source(bank: BankSource, source: CollectionSource) -> CollectionSource:
    """Where the bank's queries come from, and its own documents."""
    if bank.beir is None:
        return _other(bank.id, source)
    folder = BeirFolder(bank.beir, bank.beir.name)
    require([folder])
    return folder


def _other(id_: str | None, source: CollectionSource) -> CollectionSource:
    """Where other queries over the same documents come from: the source itself, or another id of ir_datasets."""
    return source if id_ is None else IrDatasets(id_)


def _same_collection(spec: CollectionSpec, source: CollectionSource) -> bool:
    """Whether ids of bank and test queries mean the same queries."""
    if spec.bank is None or spec.bank.queries_tsv is not None:
        return False
    other = _bank_source(spec.bank, source)
    if isinstance(source, BeirFolder) and isinstance(other, BeirFolder):
        return source.folder.resolve() == other.folder.resolve()
    if isinstance(source, IrDatasets) and isinstance(other, IrDatasets):
        return source.documents_of == other.documents_of
    return other is source
