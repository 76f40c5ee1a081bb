"""Split texts into terms, by bm25s and PyStemmer, and number the terms of a corpus."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sparsebench import Vocabulary

if TYPE_CHECKING:
    from bm25s.tokenization import Tokenizer

# Han, kana, Thai, Lao, Burmese, Khmer: letters and their marks, no punctuation.
_UNSPACED = (
    r"\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
    r"\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u1000-\u103f\u1050-\u109f\u1780-\u17d3"
)
_PIECES = re.compile(rf"([{_UNSPACED}]+)|((?:(?![{_UNSPACED}])\w){{2,}})")


@dataclass(frozen=True, kw_only=True)
class Splitting:
    """Rules that split texts into terms: the parameters of `Bm25` that decide it, which a worker process needs as well.

    >>> Splitting(lower=True, stopwords="none", stemmer="none", unspaced=False).tokenizer().lower
    True
    """

    lower: bool
    stopwords: Literal["none", "en"]
    stemmer: Literal["porter", "english", "none"]
    unspaced: bool
    """Whether scripts without spaces are split into bigrams."""

    def tokenizer(self) -> Tokenizer:
        """Return a new tokenizer of bm25s, without terms."""
        import Stemmer
        from bm25s.tokenization import Tokenizer

        splitter = {"splitter": bigrams} if self.unspaced else {}
        return Tokenizer(
            **splitter,
            lower=self.lower,
            stopwords=None if self.stopwords == "none" else self.stopwords,
            stemmer=None if self.stemmer == "none" else Stemmer.Stemmer(self.stemmer),
        )


class Terms(Vocabulary):
    """The terms of a corpus (stems, where there is a stemmer), numbered as they first occur.

    >>> terms = Terms(Splitting(lower=True, stopwords="none", stemmer="porter", unspaced=False), ["cat", "sat"])
    >>> terms.token_ids(["Cats sat on cats"])
    [[0, 1, 0]]
    """

    def __init__(self, splitting: Splitting, surface: Sequence[str]) -> None:
        self._surface = list(surface)
        self.size = len(self._surface)
        self._tokenizer = splitting.tokenizer()
        numbers = {term: number for number, term in enumerate(self._surface)}
        if self._tokenizer.stemmer is None:
            self._tokenizer.word_to_id = numbers
        else:
            self._tokenizer.stem_to_sid = numbers

    def token(self, term_id: int) -> str:
        """Return the term itself."""
        return self._surface[term_id]

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of the terms of each text in its order; terms that the corpus lacks are dropped."""
        return list(self._tokenizer.streaming_tokenize(texts, update_vocab=False, allow_empty=False))

    def unreachable_ids(self) -> frozenset[int]:
        """Return the terms with capitals, which exist only with `lower: false`."""
        return frozenset(at for at, surface in enumerate(self._surface) if surface != surface.lower())


def bigrams(text: str) -> list[str]:
    """Terms of a text: character bigrams of scripts without spaces, words of two letters and more of all others.

    >>> bigrams("検索の評価 of BM25, 犬")
    ['検索', '索の', 'の評', '評価', 'of', 'BM25', '犬']
    """
    terms: list[str] = []
    for unspaced, word in _PIECES.findall(text):
        if word:
            terms.append(word)
        else:
            terms += [unspaced[at : at + 2] for at in range(max(len(unspaced) - 1, 1))]
    return terms
