"""Where documents come from, and their ids and digest, read once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sparsebench.collection.beir import BeirFolder
from sparsebench.collection.corpus import Corpus, scan
from sparsebench.collection.irds import IrDatasets
from sparsebench.collection.tsv import TsvCollection
from sparsebench.contracts import CollectionSource, Fetchable
from sparsebench.errors import CollectionError, NotAtHandError
from sparsebench.progress import UNKNOWN, Advance, Progress
from sparsebench.provenance.digests import digest, files_digest
from sparsebench.provenance.source import code_digest
from sparsebench.registry import Registry
from sparsebench.store import Artefact, Store
from sparsebench.suite import CollectionSpec
from sparsebench.types import Document

COUNTED_AT_ONCE = 1000


@dataclass(frozen=True)
class Gallery:
    """Documents to rank."""

    source: CollectionSource
    corpus: Corpus


def source_by_id(id_: str, registry: Registry, params: Mapping[str, Any] | None = None) -> CollectionSource:
    """A collection that a plugin carries or reads, else one of ir_datasets. params: of a plugin that reads."""
    if id_ not in registry.collections:
        return IrDatasets(id_)
    plugin = registry.collections[id_].plugin
    if plugin.factory is None:
        return BeirFolder(plugin.folder, id_)
    if params is None:
        raise CollectionError(f"{id_} is read by parameters, so it is no bank of another; name a split of its own")
    source: CollectionSource = plugin.factory(**params)
    return source


def source_of(spec: CollectionSpec, registry: Registry) -> CollectionSource:
    """The source a suite names: a packaged collection, an ir_datasets id, a BEIR folder, or TSV files."""
    if spec.id is not None:
        return source_by_id(spec.id, registry, spec.params).of_split(spec.split)
    if spec.beir is not None:
        return BeirFolder(spec.beir, spec.name)
    assert spec.docs_tsv is not None
    assert spec.queries_tsv is not None
    return TsvCollection(spec.docs_tsv, spec.queries_tsv, spec.qrels, spec.name)


def require(parts: Sequence[Fetchable]) -> None:
    """Raise one NotAtHandError that lists everything that is not at hand and where to get it."""
    if lines := [line for part in parts for line in part.missing()]:
        raise NotAtHandError("not at hand:\n" + "\n".join(f"  {line}" for line in lines))


def read_corpus(source: CollectionSource, store: Store, progress: Progress) -> Corpus:
    """Ids and digest of a corpus, from the store when its files are the same."""
    files = list(source.files())
    key = digest({"source": source.name, "files": files_digest(files), "code": code_digest(__name__)})
    if files and (artefact := store.find("corpus", key)):
        return _load_corpus(artefact)
    with progress.step(f"read {source.name}", UNKNOWN, "documents") as advance:
        corpus = scan(_counted(source.documents(), advance), where=source.where)
    if files:
        with store.writing("corpus", key, {"digest": corpus.digest, "empty": corpus.empty}) as folder:
            np.save(folder / "doc_ids.npy", corpus.doc_ids, allow_pickle=False)
    return corpus


def _counted(documents: Iterator[Document], advance: Advance) -> Iterator[Document]:
    for number, document in enumerate(documents, start=1):
        yield document
        if number % COUNTED_AT_ONCE == 0:
            advance(COUNTED_AT_ONCE)


def _load_corpus(artefact: Artefact) -> Corpus:
    doc_ids = np.load(artefact.folder / "doc_ids.npy", allow_pickle=False)
    return Corpus(doc_ids, artefact.facts["digest"], artefact.facts["empty"])
