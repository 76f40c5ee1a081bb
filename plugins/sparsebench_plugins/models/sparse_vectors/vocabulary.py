"""Dimensions of vectors that somebody else made: the terms as they come, or a tokenizer's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sparsebench import ModelError, Vocabulary
from sparsebench_plugins.models.splade import DEFAULT_MAXIMUM, TokenizerVocabulary

if TYPE_CHECKING:
    from tokenizers import Tokenizer


_MOST = 2**24
"""Dimensions, above those of any vocabulary; every one of them takes memory."""


class Dimensions(ABC):
    """The dimension of each term of a file."""

    @abstractmethod
    def place(self, term: object) -> int:
        """The dimension of a term, a name or a number; raises ModelError for one that there is not."""

    @abstractmethod
    def vocabulary(self) -> Vocabulary:
        """All dimensions, after all terms were placed."""


class SeenTerms(Dimensions):
    """Terms of both roles in the order in which they were first seen: a term is a dimension."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def place(self, term: object) -> int:
        """The dimension of a term; a new one for a new term."""
        return self._places.setdefault(str(term), len(self._places))

    def vocabulary(self) -> Vocabulary:
        """The terms as they are called, without a way from texts to them."""
        return LatentTerms(list(self._places))


class LatentTerms(Vocabulary):
    """Terms of which only the names are known."""

    is_latent = True

    def __init__(self, names: Sequence[str]) -> None:
        self.size = len(names)
        self._names = names

    def token(self, term_id: int) -> str:
        """The term as the file calls it."""
        return self._names[term_id]

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Nothing: what tokens a text has is not known."""
        return [[] for _ in texts]


class KnownTerms(Dimensions):
    """Terms of a tokenizer: a name is its id, a number is itself."""

    def __init__(self, path: Path, tokenizer: Tokenizer) -> None:
        self._path = path
        self._ids: dict[str, int] = tokenizer.get_vocab(with_added_tokens=True)
        self._size = max(self._ids.values()) + 1
        self._tokenizer = tokenizer

    def place(self, term: object) -> int:
        """The id of a term. Numbers may go beyond the entries, as rows of decoders do."""
        if isinstance(term, int):
            if term >= _MOST:
                raise ModelError(f"{self._path}: a vector has the index {term}, and no vocabulary is so large")
            self._size = max(self._size, term + 1)
            return term
        found = self._ids.get(str(term))
        if found is None:
            raise ModelError(
                f"{self._path} has no term {str(term)!r}; give the vocabulary that the vectors were made by"
            )
        return found

    def vocabulary(self) -> Vocabulary:
        """The tokenizer's entries."""
        special = {id_ for id_, token in self._tokenizer.get_added_tokens_decoder().items() if token.special}
        return TokenizerVocabulary(
            self._tokenizer, size=self._size, maximum=DEFAULT_MAXIMUM, special_ids=frozenset(special)
        )


def read_vocabulary(path: Path) -> KnownTerms:
    """Read `tokenizer.json` or BERT's `vocab.txt`; raises ModelError for anything else."""
    import tokenizers

    try:
        if path.suffix == ".json":
            return KnownTerms(path, tokenizers.Tokenizer.from_file(str(path)))
        entries = path.read_text(encoding="utf-8").split("\n")
        if "[UNK]" in entries:
            plain = all(entry == entry.lower() for entry in entries if not entry.startswith("["))
            made = tokenizers.BertWordPieceTokenizer(str(path), lowercase=plain)
            return KnownTerms(path, made._tokenizer)
    except Exception as error:  # of whatever the library says of a file
        raise ModelError(f"{path}: is no vocabulary: {error}") from None
    raise ModelError(f"{path}: is neither a tokenizer.json nor a vocab.txt of BERT, which has a line [UNK]")
