"""Encode texts and items to features through the store: resumable shards, named by their content and side.

Which of the two are queries does not matter here: text to video and video to text share every shard.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sparsebench.contracts import EncodedFeatures, Features, LoadedPairedEncoder, Side
from sparsebench.contracts.calls import calling
from sparsebench.errors import ModelError
from sparsebench.media import MediaItem
from sparsebench.progress import Progress
from sparsebench.provenance.digests import digest
from sparsebench.store import Artefact, Store
from sparsebench.types import Json

KIND = "features"
SHARD_TEXTS = 1024
SHARD_ITEMS = 64


@dataclass(frozen=True)
class FeatureShard:
    """Some of a collection's texts or items. key: of its artefact. rows: which of them."""

    key: str
    rows: range


@dataclass(frozen=True)
class PairedSide:
    """One side of one model on one device: what names its features, and how to make them.

    identity: of the model and all around it. load: gives the model, loaded once.
    """

    identity: Mapping[str, Json]
    side: Side
    load: Callable[[], LoadedPairedEncoder]

    @property
    def maker(self) -> str:
        """Return the digest that names the model on this side, whatever it encodes."""
        return digest({"maker": dict(self.identity), "side": self.side})

    @property
    def pace(self) -> str:
        """Return the digest of what decides the seconds an input takes: the model, the side, and what computes it."""
        return digest([self.identity["model"], self.side, self.identity.get("computed_by")])

    def shards_of_texts(self, texts: Sequence[str]) -> list[FeatureShard]:
        """Shards of texts in their order."""
        return [
            FeatureShard(self._key(list(texts[rows.start : rows.stop])), rows)
            for rows in _ranges(len(texts), SHARD_TEXTS)
        ]

    def shards_of_items(self, items: Sequence[MediaItem]) -> list[FeatureShard]:
        """Shards of items in their order, named by what their files hold and not by what they are called."""
        return [
            FeatureShard(self._key([item.content for item in items[rows.start : rows.stop]]), rows)
            for rows in _ranges(len(items), SHARD_ITEMS)
        ]

    def encode_texts(self, texts: Sequence[str], store: Store, progress: Progress) -> StoredFeatures:
        """Features of N texts."""
        shards = self.shards_of_texts(texts)
        return self._encode(
            shards, store, progress, lambda rows: self.load().encode_texts(texts[rows.start : rows.stop])
        )

    def encode_items(self, items: Sequence[MediaItem], store: Store, progress: Progress) -> StoredFeatures:
        """Features of N items. Raises ModelError with the item's name where one cannot be read."""
        shards = self.shards_of_items(items)
        return self._encode(
            shards, store, progress, lambda rows: self.load().encode_items(items[rows.start : rows.stop])
        )

    def _key(self, content: Json) -> str:
        return digest({"encoder": dict(self.identity), "side": self.side, "content": content})

    def _encode(
        self, shards: Sequence[FeatureShard], store: Store, progress: Progress, make: Callable[[range], EncodedFeatures]
    ) -> StoredFeatures:
        found = {shard.key: store.find(KIND, shard.key) for shard in shards}
        missing = [shard for shard in shards if found[shard.key] is None]
        if missing:
            with progress.step(
                f"encode {self.side}s", sum(len(shard.rows) for shard in missing), f"{self.side}s"
            ) as advance:
                for shard in missing:
                    found[shard.key] = found[shard.key] or self._make(shard, store, make)
                    advance(len(shard.rows))
        artefacts = tuple(artefact for shard in shards if (artefact := found[shard.key]) is not None)
        return StoredFeatures(tuple(shards), artefacts)

    def _make(self, shard: FeatureShard, store: Store, make: Callable[[range], EncodedFeatures]) -> Artefact:
        loaded, start = self.load(), time.perf_counter()
        with calling(f"{type(loaded).__name__}.encode_{self.side}s", shard.key):
            encoded = make(shard.rows)
        _check(encoded.features, len(shard.rows), type(loaded).__name__)
        facts: dict[str, Json] = {
            "maker": self.maker,
            "pace": self.pace,
            "shape": [len(shard.rows)],
            "truncated": encoded.truncated,
            "seconds": time.perf_counter() - start,
            "encoder": dict(loaded.provenance()),
        }
        with store.writing(KIND, shard.key, facts) as folder:
            for name, array in encoded.features.items():
                np.save(folder / f"{name}.npy", array, allow_pickle=False)
        made = store.find(KIND, shard.key)
        assert made is not None, "an artefact just written is there and whole"
        return made


@dataclass(frozen=True)
class StoredFeatures:
    """Features of N texts or items, on the disk until they are looked at."""

    shards: tuple[FeatureShard, ...]
    artefacts: tuple[Artefact, ...]

    def __iter__(self) -> Iterator[tuple[FeatureShard, Features]]:
        """Yield each shard with its features, which are mapped from the disk and not read whole."""
        for shard, artefact in zip(self.shards, self.artefacts, strict=True):
            paths = sorted(artefact.folder.glob("*.npy"))
            yield shard, {path.stem: np.load(path, mmap_mode="r", allow_pickle=False) for path in paths}

    @property
    def keys(self) -> list[str]:
        """Keys of the shards."""
        return [shard.key for shard in self.shards]

    @property
    def rows(self) -> int:
        """N."""
        return sum(len(shard.rows) for shard in self.shards)

    @property
    def truncated(self) -> int:
        """Number of texts that were cut at the maximum length."""
        return sum(artefact.facts["truncated"] for artefact in self.artefacts)

    @property
    def seconds(self) -> float:
        """Seconds of making the features, loading left out."""
        return float(sum(artefact.facts["seconds"] for artefact in self.artefacts))

    @property
    def encoder(self) -> Mapping[str, Json]:
        """Return the encoder's facts about itself, as the first part has them."""
        return dict(self.artefacts[0].facts["encoder"]) if self.artefacts else {}


def _check(features: Features, rows: int, name: str) -> None:
    """Raise ModelError where features do not count what was asked for, or are no numbers."""
    if not features:
        raise ModelError(f"{name} returned no features")
    for feature, array in features.items():
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub" or array.shape[:1] != (rows,):
            shape = getattr(array, "shape", type(array).__name__)
            raise ModelError(
                f"{name} returned {feature!r} of {shape}: an array of numbers with {rows} rows was asked for"
            )


def _ranges(total: int, size: int) -> list[range]:
    return [range(start, min(start + size, total)) for start in range(0, total, size)]
