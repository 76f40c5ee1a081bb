"""Read the documents of a collection once, with their ids and digest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from sparsebench.collection.beir import BeirFolder
from sparsebench.collection.corpus import Corpus, scan
from sparsebench.collection.irds import IrDatasets
from sparsebench.collection.tsv import TsvCollection
from sparsebench.contracts import CollectionSource, Fetchable
from sparsebench.contracts.calls import calling
from sparsebench.errors import NotAtHandError, PluginError
from sparsebench.progress import UNKNOWN, Advance, Progress
from sparsebench.provenance.digests import content, digest, files_digest
from sparsebench.provenance.source import code_digest
from sparsebench.registry import Registry
from sparsebench.registry.parameters import ParameterError
from sparsebench.store import Artefact, Store
from sparsebench.suite import CollectionSpec
from sparsebench.types import Document, Json

COUNTED_AT_ONCE = 1000
NO_PARAMETERS: Mapping[str, Json] = MappingProxyType({})


@dataclass(frozen=True)
class Gallery:
    """Documents to rank."""

    source: CollectionSource
    corpus: Corpus


def source_by_id(id_: str, registry: Registry, params: Mapping[str, Json] = NO_PARAMETERS) -> CollectionSource:
    """Make the source of a collection that a plugin brings, else of one of ir_datasets.

    Raises PluginError where a plugin's source lacks parameters.
    """
    if id_ not in registry.collections:
        return IrDatasets(id_, carried=registry.collections)
    registered = registry.collections[id_]
    if registered.plugin.folder is not None:
        return BeirFolder(registered.plugin.folder, id_)
    try:
        source: CollectionSource = registered.plugin.source(**registered.resolved(params))
    except ParameterError as error:
        raise PluginError(f"the collection {id_!r}: {error}") from error
    return source


def source_of(spec: CollectionSpec, registry: Registry) -> CollectionSource:
    """The source a suite names: a packaged collection, an ir_datasets id, a BEIR folder, or TSV files."""
    if spec.id is not None:
        return source_by_id(spec.id, registry, spec.params).of_split(spec.split)
    if spec.beir is not None:
        return BeirFolder(spec.beir, spec.name)
    assert spec.docs_tsv is not None
    assert spec.queries_tsv is not None
    columns = spec.docs_columns, spec.queries_columns
    return TsvCollection(spec.docs_tsv, spec.queries_tsv, spec.qrels, spec.name, columns=columns)


def require(parts: Sequence[Fetchable]) -> None:
    """Raise one NotAtHandError that lists everything that is not at hand and where to get it."""
    lines: list[str] = []
    for part in parts:
        with calling(f"{type(part).__name__}.missing()"):
            lines += part.missing()
    if lines:
        raise NotAtHandError("not at hand:\n" + "\n".join(f"  {line}" for line in lines))


def beside_files(spec: CollectionSpec, registry: Registry) -> dict[str, Json]:
    """Return what determines the documents of a collection of a suite beside its files."""
    columns: dict[str, Json] = {"columns": spec.docs_columns.model_dump()} if spec.docs_columns else {}
    return {**determined_by(spec.id, registry, spec.params), **columns}


def determined_by(id_: str | None, registry: Registry, params: Mapping[str, Json] = NO_PARAMETERS) -> dict[str, Json]:
    """Return what determines the documents of a plugin's source beside its files: its code and its parameters."""
    registered = registry.collections.get(id_ or "")
    if registered is None or registered.factory is None:
        return {}
    return {"plugin": registered.source_digest, "params": content(registered.resolved(params))}


def read_corpus(
    source: CollectionSource, store: Store, progress: Progress, beside: Mapping[str, Json] = NO_PARAMETERS
) -> Corpus:
    """Read ids and digest of a corpus, from the store when its files are the same and what is `beside` them."""
    files = list(source.files())
    key = digest({"source": source.name, "files": files_digest(files), "code": code_digest(__name__), **beside})
    if files and (artefact := store.find("corpus", key)):
        return _load_corpus(artefact)
    with progress.step(f"read {source.name}", UNKNOWN, "documents") as advance:
        corpus = scan(_counted(source.documents(), advance), where=source.where, again=source.documents)
    if files:
        with store.writing("corpus", key, {"digest": corpus.digest, "empty": corpus.empty}) as folder:
            np.save(folder / "doc_ids.npy", corpus.doc_ids, allow_pickle=False)
            np.save(folder / "repeats.npy", corpus.repeats, allow_pickle=False)
    return corpus


def _counted(documents: Iterator[Document], advance: Advance) -> Iterator[Document]:
    for number, document in enumerate(documents, start=1):
        yield document
        if number % COUNTED_AT_ONCE == 0:
            advance(COUNTED_AT_ONCE)


def _load_corpus(artefact: Artefact) -> Corpus:
    doc_ids = np.load(artefact.folder / "doc_ids.npy", allow_pickle=False)
    repeats = np.load(artefact.folder / "repeats.npy", allow_pickle=False)
    return Corpus(doc_ids, artefact.facts["digest"], artefact.facts["empty"], repeats)
