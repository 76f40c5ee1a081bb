"""Encode texts to vectors through the store: resumable shards of documents, one artefact for a set of queries.

While one shard is encoded, the one before is written and the encoder is told which comes next; so a kill loses at most
the shard at hand and the one that is being written. The encoder is loaded only when something is missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.collection.corpus import Corpus
from sparsebench.contracts import LoadedEncoder
from sparsebench.contracts.calls import calling
from sparsebench.contracts.plain import plain_mapping
from sparsebench.encoding.returned import encoded
from sparsebench.progress import Progress
from sparsebench.provenance.digests import digest
from sparsebench.store import Artefact, Store
from sparsebench.types import Document, Json, Role

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SHARD_DOCUMENTS = 4096
KIND = "vectors"


@dataclass(frozen=True)
class Vectors:
    """Vectors and what they cost when they were made.

    matrix: (N, V) CSR. truncated: texts cut at the maximum length. seconds: encoding time, loading left out.
    encoder: what the encoder said of itself, of the first part.
    """

    matrix: csr_array
    truncated: int
    seconds: float
    encoder: Mapping[str, Json]


@dataclass(frozen=True)
class Encoder:
    """One role of one model on one device: what names its vectors, and how to make them."""

    identity: Mapping[str, Json]
    role: Role
    load: Callable[[], LoadedEncoder]

    @property
    def maker(self) -> str:
        """Return the digest that names the model in this role, whatever it encodes: clips and images are content."""
        return digest({"maker": {name: each for name, each in self.identity.items() if name != "media"}})

    def key(self, **content: Json) -> str:
        """The key of the vectors of `content`."""
        return digest({"encoder": dict(self.identity), "role": self.role, **content})


def pace(identity: Mapping[str, Json]) -> str:
    """Name what decides how long a text takes: the model, and what computes it."""
    return digest([identity["model"], identity.get("computed_by")])


def document_shards(encoder: Encoder, corpus: Corpus) -> dict[range, str]:
    """The shards of a corpus and their keys."""
    total = len(corpus.doc_ids)
    shards = (range(start, min(start + SHARD_DOCUMENTS, total)) for start in range(0, total, SHARD_DOCUMENTS))
    return {shard: encoder.key(corpus=corpus.digest, start=shard.start, stop=shard.stop) for shard in shards}


def encode_documents(
    encoder: Encoder, corpus: Corpus, documents: Iterable[Document], store: Store, progress: Progress
) -> Vectors:
    """Vectors of a corpus in its own order, (D, V)."""
    shards = document_shards(encoder, corpus)
    return _joined(list(encode_shards(encoder, shards, documents, store, progress).values()))


def encode_shards(
    encoder: Encoder, shards: Mapping[range, str], documents: Iterable[Document], store: Store, progress: Progress
) -> Mapping[range, Artefact]:
    """The artefacts of some shards of a corpus, as `document_shards` names them; those that are missing are made."""
    found = {shard: store.find(KIND, key) for shard, key in shards.items()}
    missing = [shard for shard, artefact in found.items() if artefact is None]
    if missing:
        with progress.step("encode documents", sum(map(len, missing)), "documents") as advance:
            for shard, artefact in _made(encoder, _texts(iter(documents), missing), shards, store):
                found[shard] = artefact
                advance(len(shard))
    return {shard: artefact for shard, artefact in found.items() if artefact is not None}


def encode_queries(encoder: Encoder, texts: Sequence[str], store: Store, progress: Progress) -> Vectors:
    """Vectors of query texts in their own order, (Q, V)."""
    key = encoder.key(texts=digest(list(texts)))
    artefact = store.find(KIND, key)
    if artefact is None:
        with progress.step("encode queries", len(texts), "queries") as advance:
            artefact = _write(*_encode(encoder, encoder.load(), texts), key, store)
            advance(len(texts))
    return _joined([artefact])


def _texts(documents: Iterator[Document], shards: Sequence[range]) -> Iterator[tuple[range, list[str]]]:
    """The texts of each shard, read in one pass that ends with the last shard asked for."""
    position = 0
    for shard in shards:
        chosen = islice(documents, shard.start - position, shard.stop - position)
        yield shard, [document.text for document in chosen]
        position = shard.stop


def _made(
    encoder: Encoder, parts: Iterator[tuple[range, list[str]]], keys: Mapping[range, str], store: Store
) -> Iterator[tuple[range, Artefact]]:
    """Encode shard after shard; each is written while the next is encoded."""
    loaded = encoder.load()
    with ThreadPoolExecutor(1) as writer:
        before: tuple[range, Future[Artefact]] | None = None
        coming = next(parts, None)
        while coming is not None:
            (shard, texts), coming = coming, next(parts, None)
            if coming is not None:
                with calling(f"{type(loaded).__name__}.foresee", encoder.key()):
                    loaded.foresee(coming[1], encoder.role)
            made = _encode(encoder, loaded, texts)
            if before is not None:
                yield before[0], before[1].result()
            before = shard, writer.submit(_write, *made, keys[shard], store)
        if before is not None:
            yield before[0], before[1].result()


def _encode(encoder: Encoder, loaded: LoadedEncoder, texts: Sequence[str]) -> tuple[csr_array, dict[str, Json]]:
    """Vectors, and the facts that are kept beside them."""
    start = time.perf_counter()
    made = encoded(loaded, texts, encoder.role, key=encoder.key())
    return made.vectors, {
        "maker": encoder.maker,
        "role": encoder.role,
        "pace": pace(encoder.identity),
        "shape": list(made.vectors.shape),
        "truncated": int(made.truncated),
        "seconds": time.perf_counter() - start,
        "encoder": plain_mapping(loaded.provenance(), type(loaded).__name__, "provenance()"),
    }


def _write(vectors: csr_array, facts: dict[str, Json], key: str, store: Store) -> Artefact:
    with store.writing(KIND, key, facts) as folder:
        _save(folder, vectors)
    artefact = store.find(KIND, key)
    assert artefact is not None, "an artefact just written is there and whole"
    return artefact


def _save(folder: Path, vectors: csr_array) -> None:
    np.save(folder / "indptr.npy", vectors.indptr.astype(np.int64), allow_pickle=False)
    np.save(folder / "indices.npy", vectors.indices.astype(np.int32), allow_pickle=False)
    np.save(folder / "data.npy", vectors.data.astype(np.float32), allow_pickle=False)


def _joined(artefacts: Sequence[Artefact]) -> Vectors:
    from scipy.sparse import csr_array, vstack

    def matrix(artefact: Artefact) -> csr_array:
        data, indices, indptr = (
            np.load(artefact.folder / f"{part}.npy", allow_pickle=False) for part in ("data", "indices", "indptr")
        )
        return csr_array((data, indices, indptr), shape=tuple(artefact.facts["shape"]))

    return Vectors(
        matrix=vstack([matrix(artefact) for artefact in artefacts], format="csr"),
        truncated=sum(artefact.facts["truncated"] for artefact in artefacts),
        seconds=sum(artefact.facts["seconds"] for artefact in artefacts),
        encoder=artefacts[0].facts["encoder"],
    )
