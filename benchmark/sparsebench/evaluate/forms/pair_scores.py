"""Scores of a paired encoder: all pairs of a shard of queries at a time, then its second stage where it has one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from sparsebench.contracts import Features, LoadedPairedEncoder, PairedEncoder
from sparsebench.contracts.calls import calling
from sparsebench.encoding.features import FeatureShard
from sparsebench.errors import ModelError, ScoreError
from sparsebench.progress import Progress
from sparsebench.provenance import Stopwatch
from sparsebench.provenance.digests import digest
from sparsebench.store import Store
from sparsebench.types import Json, Role

if TYPE_CHECKING:
    from scipy.sparse import csr_array

KIND = "scores"


class SomeFeatures(Protocol):
    """Features of texts or items, shard by shard."""

    @property
    def keys(self) -> list[str]:
        """Keys of the shards."""
        ...

    def __iter__(self) -> Iterator[tuple[FeatureShard, Features]]:
        """Yield each shard with its features."""
        ...


@dataclass(frozen=True)
class PairScores:
    """Q queries and D documents, one side of which is texts and the other items.

    items: the side that is looked at. query_ids, doc_ids: for messages. keep: whether scores go
    through the store.
    """

    model: PairedEncoder
    load: Callable[[], LoadedPairedEncoder]
    items: Role
    queries: SomeFeatures
    documents: SomeFeatures
    query_ids: tuple[str, ...]
    doc_ids: np.ndarray
    store: Store
    progress: Progress
    watch: Stopwatch
    keep: bool

    def matrix(self) -> np.ndarray | csr_array:
        """Scores (Q, D): dense, or CSR where a second stage leaves pairs unseen.

        Raises ScoreError that names the first pair whose score is no number.
        """
        blocks = []
        with self.watch.stage("score"), self.progress.step("score", len(self.query_ids), "queries") as advance:
            for shard, features in self.queries:
                blocks.append(self._block(shard, features))
                advance(len(shard.rows))
        return _dense(blocks) if self.model.rescored is None else _sparse(blocks, len(self.doc_ids))

    def _block(self, shard: FeatureShard, features: Features) -> Mapping[str, np.ndarray]:
        """Compute one shard of queries: `scores` (q, D), or `columns` and `scores` (q, k)."""
        if not self.keep:
            return self._computed(shard, features)
        key = digest([shard.key, self.documents.keys, self.items, dict(self.model.scoring())])
        facts: dict[str, Json] = {"features": [shard.key, *self.documents.keys]}
        if (kept := self.store.find(KIND, key)) is None:
            computed = self._computed(shard, features)
            with self.store.writing(KIND, key, facts) as folder:
                for name, array in computed.items():
                    np.save(folder / f"{name}.npy", array, allow_pickle=False)
            return computed
        return _read(kept.folder)

    def _computed(self, shard: FeatureShard, features: Features) -> Mapping[str, np.ndarray]:
        first = np.concatenate([self._pairs(features, documents) for _, documents in self.documents], axis=1)
        self._check(first, shard, np.broadcast_to(np.arange(first.shape[1]), first.shape))
        if self.model.rescored is None:
            return {"scores": first}
        columns = best(first, self.model.rescored)
        scores = self._rescored(features, columns)
        self._check(scores, shard, columns)
        return {"scores": scores, "columns": columns.astype(np.int32)}

    def _pairs(self, queries: Features, documents: Features) -> np.ndarray:
        """Scores (q, d) of a shard of queries for a shard of documents."""
        loaded = self.load()
        with calling(f"{type(loaded).__name__}.score"):
            scores = loaded.score(queries, documents) if self._texts_ask else loaded.score(documents, queries).T
        asked = _count(queries), _count(documents)
        if not isinstance(scores, np.ndarray) or scores.shape != asked or scores.dtype.kind != "f":
            raise ModelError(f"{type(loaded).__name__}.score: floating-point scores of shape {asked} were asked for")
        return scores.astype(np.float32, copy=False)

    def _rescored(self, queries: Features, columns: np.ndarray) -> np.ndarray:
        """Final scores (q, k) of the candidates `columns` (q, k) of each query."""
        scores, loaded = np.full(columns.shape, np.nan, dtype=np.float32), self.load()
        for shard, documents in self.documents:
            places = np.argwhere((columns >= shard.rows.start) & (columns < shard.rows.stop))  # (n, 2): query, place
            if not len(places):
                continue
            asked, found = places[:, 0], columns[places[:, 0], places[:, 1]] - shard.rows.start
            if self._texts_ask:
                final = loaded.rescore(queries, documents, np.stack([asked, found], axis=1))
            else:
                final = loaded.rescore(documents, queries, np.stack([found, asked], axis=1))
            scores[places[:, 0], places[:, 1]] = final
        return scores

    @property
    def _texts_ask(self) -> bool:
        return self.items == "document"

    def _check(self, scores: np.ndarray, shard: FeatureShard, columns: np.ndarray) -> None:
        unsound = np.argwhere(~np.isfinite(scores))
        if len(unsound):
            row, place = unsound[0].tolist()
            document = self.doc_ids[columns[row, place]].decode()
            raise ScoreError(
                f"the score of query {self.query_ids[shard.rows.start + row]!r} for document {document!r} is "
                f"{scores[row, place]}: a frame or text whose features are all 0, or an overflow"
            )


def best(scores: np.ndarray, k: int) -> np.ndarray:
    """Columns (Q, k) of the k best of each row of scores (Q, D), ascending; of equal scores the first columns."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.sort(order, axis=1)


def _count(features: Features) -> int:
    return len(next(iter(features.values())))


def _read(folder: Path) -> Mapping[str, np.ndarray]:
    return {path.stem: np.load(path, allow_pickle=False) for path in sorted(folder.glob("*.npy"))}


def _dense(blocks: list[Mapping[str, np.ndarray]]) -> np.ndarray:
    return np.concatenate([block["scores"] for block in blocks])


def _sparse(blocks: list[Mapping[str, np.ndarray]], documents: int) -> csr_array:
    from scipy.sparse import csr_array

    scores, columns = (np.concatenate([block[name] for block in blocks]) for name in ("scores", "columns"))
    starts = np.arange(len(scores) + 1) * scores.shape[1]
    return csr_array((scores.ravel(), columns.ravel(), starts), shape=(len(scores), documents))
