"""A model without weights: a text is the letters that its words begin with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from annotated_types import Ge

from sparsebench import Encoded, Json, LoadedEncoder, Role, SparseEncoder, Vocabulary

LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Initials(SparseEncoder):
    """shortest: words with fewer letters are ignored."""

    expands_queries = False

    def __init__(self, *, shortest: Annotated[int, Ge(1)] = 4) -> None:
        self.shortest = shortest

    def identity(self, role: Role) -> Mapping[str, Json]:
        return {"shortest": self.shortest}

    def load(self, device: str) -> LoadedEncoder:
        return LoadedInitials(Alphabet(self.shortest))


class Alphabet(Vocabulary):
    size = len(LETTERS)

    def __init__(self, shortest: int) -> None:
        self._word = re.compile(rf"[a-z]{{{shortest},}}")

    def token(self, term_id: int) -> str:
        return LETTERS[term_id]

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        return [[LETTERS.index(word[0]) for word in self._word.findall(text.lower())] for text in texts]


class LoadedInitials(LoadedEncoder):
    def __init__(self, vocabulary: Alphabet) -> None:
        self.vocabulary = vocabulary

    def encode(self, texts: Sequence[str], role: Role) -> Encoded:
        from scipy.sparse import csr_array

        counts = np.zeros((len(texts), len(LETTERS)), dtype=np.float32)
        for row, ids in zip(counts, self.vocabulary.token_ids(texts), strict=True):
            np.add.at(row, ids, 1)
        return Encoded(csr_array(counts))
