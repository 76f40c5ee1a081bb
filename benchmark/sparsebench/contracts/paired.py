"""Models that compare texts with items that are looked at: clips, images, features of frames."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from sparsebench.contracts.models import Model
from sparsebench.errors import ModelError
from sparsebench.types import Candidates, Json, Role

if TYPE_CHECKING:
    from sparsebench.media import MediaItem

Side = Literal["text", "item"]
"""What is encoded: a caption, or an item of the gallery. Which of the two are queries is the collection's to say."""

Features = Mapping[str, np.ndarray]
"""Name -> array whose first axis counts texts or items, e.g. `{"frames": (N, T, d), "mask": (N, T)}`."""


@dataclass(frozen=True)
class EncodedFeatures:
    """Features that a paired encoder keeps of N texts or items.

    features: arrays whose first axis is N. truncated: how many texts were cut at the maximum length.

    Example:
        >>> EncodedFeatures({"mean": np.zeros((2, 4), np.float32)}, truncated=1).features["mean"].shape
        (2, 4)
    """

    features: Features
    truncated: int = 0


class LoadedPairedEncoder(ABC):
    """A paired encoder with its weights in memory. Q texts, V items.

    Example:
        >>> class Lengths(LoadedPairedEncoder):
        ...     def encode_texts(self, texts):
        ...         return EncodedFeatures({"length": np.array([[len(text)] for text in texts], np.float32)})
        ...     def encode_items(self, items):
        ...         return EncodedFeatures({"length": np.array([[len(item.item_id)] for item in items], np.float32)})
        ...     def score(self, texts, items):
        ...         return texts["length"] @ items["length"].T
        >>> loaded = Lengths()
        >>> loaded.score(loaded.encode_texts(["cat"]).features, {"length": np.ones((2, 1), np.float32)}).tolist()
        [[3.0, 3.0]]
    """

    @abstractmethod
    def encode_texts(self, texts: Sequence[str]) -> EncodedFeatures:
        """Features of texts; an empty text is allowed. Batches change them by float rounding alone."""

    @abstractmethod
    def encode_items(self, items: Sequence[MediaItem]) -> EncodedFeatures:
        """Features of items. Raises ModelError with the item's name where one cannot be read or has no frame."""

    @abstractmethod
    def score(self, texts: Features, items: Features) -> np.ndarray:
        """Scores of every pair, (Q, V) float32; of one pair they do not depend on the others, but for rounding."""

    def rescore(self, texts: Features, items: Features, pairs: np.ndarray) -> np.ndarray:
        """Final scores (n,) float32 of the pairs (n, 2) that the first stage chose, as rows of `texts` and `items`.

        Asked only where `PairedEncoder.rescored` is a number.
        """
        raise ModelError(f"{type(self).__name__} has no second stage")

    def provenance(self) -> Mapping[str, Json]:
        """Facts for the record that are known after loading (class, attention kernel, precision)."""
        return {}


class PairedEncoder(Model):
    """A model of texts and of items that are looked at, in both directions: text to video and video to text.

    Texts and items are encoded once each, in shards that are kept in the store, so that a run goes on where it ended;
    then scores are computed, block by block.

    Example:

        @dataclass(frozen=True, kw_only=True)
        class Means(PairedEncoder):
            def identity(self, side): return {"side": side}
            def load(self, device): return LoadedMeans()
    """

    reads_media: ClassVar[bool] = True
    stored_as: ClassVar[str | None] = "features"
    default_candidates: ClassVar[Candidates] = "all"

    @property
    def rescored(self) -> int | None:
        """Number of each query's best candidates by `score` that get their final score from `rescore`.

        All others are unseen. None where `score` is final.
        """
        return None

    @property
    def keeps_scores(self) -> bool:
        """True if scores are kept in the store, for models that run a network for every pair."""
        return False

    @abstractmethod
    def identity(self, side: Side) -> Mapping[str, Json]:
        """Return all that determines the features of a side: weights, lengths, sampling of frames, type of numbers.

        Needs no torch. Raises ModelError where the checkpoint is
        not at hand, saying how to get it.
        """

    def scoring(self) -> Mapping[str, Json]:
        """Settings that determine scores and no features, e.g. how many candidates are scored again."""
        return {}

    def unsuited(self, items: Role | None) -> str | None:
        """Objects to collections without clips or images."""
        return None if items else "compares texts with clips or images, and this collection has none; name its `media:`"

    def identity_of(self, role: Role) -> Mapping[str, Json]:
        """Return the identities of both sides, as either may be asked in either role, and what determines scores."""
        sides = {"text": dict(self.identity("text")), "item": dict(self.identity("item"))}
        return {**sides, "scoring": dict(self.scoring())}

    @abstractmethod
    def load(self, device: str) -> LoadedPairedEncoder:
        """Load onto `device` ("cpu", "cuda", "cuda:1"); raises ModelError."""
