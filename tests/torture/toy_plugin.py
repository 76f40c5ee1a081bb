"""A model of fifteen words, that needs no checkpoint; what it says of a word is its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from scipy.sparse import csr_array

from sparsebench import Encoded, LoadedEncoder, ModelPlugin, SparseEncoder, Vocabulary, hookimpl

WORDS = [
    "apple",
    "pear",
    "plum",
    "fruit",
    "stone",
    "river",
    "cloud",
    "grain",
    "bread",
    "water",
    "light",
    "night",
    "house",
    "field",
    "horse",
]


class Words(Vocabulary):
    """The fifteen."""

    size = len(WORDS)

    def token(self, term_id: int) -> str:
        """The word."""
        return WORDS[term_id]

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Places of words."""
        return [[WORDS.index(word) for word in text.split() if word in WORDS] for text in texts]


class Loaded(LoadedEncoder):
    """Counts, and a little of the next word."""

    vocabulary = Words()

    def encode(self, texts: Sequence[str], role: str) -> Encoded:
        """Rows in the order of the texts."""
        rows = np.zeros((len(texts), len(WORDS)), dtype=np.float32)
        for row, places in enumerate(self.vocabulary.token_ids(texts)):
            for place in places:
                rows[row, place] += 1
                rows[row, (place + 1) % len(WORDS)] += 0.25
        return Encoded(csr_array(rows))


class Model(SparseEncoder):
    """The model."""

    def identity(self, role: str) -> Mapping[str, object]:
        """It has no parameters."""
        return {"words": 1}

    def load(self, device: str) -> LoadedEncoder:
        """Nothing to load."""
        return Loaded()


@hookimpl
def register_models() -> Iterable[ModelPlugin]:
    """The one."""
    return [ModelPlugin("words", Model, "Fifteen words.")]
