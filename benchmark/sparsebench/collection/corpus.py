"""Read a corpus once: its ids, its digest, and whether it keeps the rules."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from sparsebench.collection.entries import checked_id
from sparsebench.lines import Mistakes
from sparsebench.types import Document, Qrels

CHUNK = 1 << 16


@dataclass(frozen=True)
class Corpus:
    """The result of one pass over D documents.

    doc_ids: (D,) UTF-8 bytes in corpus order. digest: SHA-256 of ids and texts. empty: documents without text.
    repeats: places (n,) int64, in the order of the source, of documents that came again with the same text; they are
    taken once.
    """

    doc_ids: np.ndarray
    digest: str
    empty: int
    repeats: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))


def _ordinal(position: int) -> str:
    return f"document {position + 1}"


def scan(
    documents: Iterable[Document],
    *,
    where: Callable[[int], str] = _ordinal,
    again: Callable[[], Iterable[Document]] | None = None,
) -> Corpus:
    """Read a corpus once. `where` says where document number n (from 0) stands, for messages.

    Ids and texts are hashed with their lengths before them, so that no two corpora share a digest by accident.
    Only ids are kept, as a numpy array: 8.8 million passages of MS MARCO take 70 MB, not a gigabyte of objects.
    again: reads the same documents once more. It is called where ids come twice, to see whether their texts are the
    same; without it they are not.
    Raises CollectionError for ids that come again with another text, unusable ids, and when there is no document.
    """
    with Mistakes() as mistakes:
        corpus = _passed(enumerate(documents), where, mistakes)
        if not len(corpus.doc_ids):
            mistakes.add(where(0), "there are no documents")
        first = _first_places(corpus.doc_ids)
        repeats = np.flatnonzero(first != np.arange(len(first)))
        if again is None or not len(repeats):
            _refuse(corpus.doc_ids, first, repeats, where, mistakes, "")
            return corpus
        others = repeats[~_same_texts(again(), first, repeats)]
        _refuse(corpus.doc_ids, first, others, where, mistakes, ", with another text")
    taken = (pair for pair, kept in zip(enumerate(again()), first == np.arange(len(first)), strict=True) if kept)
    with Mistakes() as mistakes:
        return replace(_passed(taken, where, mistakes), repeats=repeats)


def _passed(documents: Iterable[tuple[int, Document]], where: Callable[[int], str], mistakes: Mistakes) -> Corpus:
    """Ids, digest and empty documents of numbered documents; what is unusable is a mistake."""
    digest = hashlib.sha256()
    arrays: list[np.ndarray] = []
    chunk: list[bytes] = []
    empty = 0
    for position, document in documents:
        try:
            doc_id, text = checked_id(document.doc_id).encode(), document.text.encode()
        except ValueError as error:
            mistakes.add(where(position), str(error))
            doc_id = text = b""
        digest.update(struct.pack("<QQ", len(doc_id), len(text)) + doc_id + text)
        empty += not text.strip()
        chunk.append(doc_id)
        if len(chunk) == CHUNK:
            arrays.append(np.array(chunk))
            chunk = []
    doc_ids = np.concatenate([*arrays, np.array(chunk, dtype=np.bytes_)])
    return Corpus(doc_ids=doc_ids, digest=digest.hexdigest(), empty=empty)


def absent_judgments(qrels: Qrels, doc_ids: np.ndarray) -> int:
    """Count judgments of documents that are not among `doc_ids` (D,); they count as relevant but unfindable."""
    judged = np.array([doc_id.encode() for documents in qrels.values() for doc_id in documents], dtype=np.bytes_)
    return int(np.count_nonzero(~np.isin(judged, doc_ids)))


def _first_places(doc_ids: np.ndarray) -> np.ndarray:
    """Return for each document the place of the first with its id, (D,) int64."""
    by_id = np.argsort(doc_ids, kind="stable")
    in_order = doc_ids[by_id]
    begins = np.append(True, in_order[1:] != in_order[:-1])[: len(doc_ids)]
    first = np.empty(len(doc_ids), dtype=np.int64)
    first[by_id] = by_id[np.maximum.accumulate(np.where(begins, np.arange(len(doc_ids)), 0))]
    return first


def _same_texts(documents: Iterable[Document], first: np.ndarray, repeats: np.ndarray) -> np.ndarray:
    """Mark the repeats (n,) that have the text of the first document with their id, (n,) bool."""
    wanted = {*repeats.tolist(), *first[repeats].tolist()}
    digests = {
        position: hashlib.sha256(document.text.encode(errors="surrogatepass")).digest()
        for position, document in enumerate(documents)
        if position in wanted
    }
    return np.array([digests.get(place) == digests.get(first[place]) for place in repeats.tolist()], dtype=bool)


def _refuse(
    doc_ids: np.ndarray,
    first: np.ndarray,
    repeats: np.ndarray,
    where: Callable[[int], str],
    mistakes: Mistakes,
    known: str,
) -> None:
    for place in repeats.tolist():
        if doc_ids[place]:  # an unusable id was named already
            earlier = where(int(first[place]))
            mistakes.add(where(place), f"doc id {doc_ids[place].decode()!r} is already at {earlier}{known}")
