"""BM25 as a sparse encoder: impacts on the document side, term counts on the query side."""

from __future__ import annotations

import importlib.metadata
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from annotated_types import Ge, Le

from sparsebench import CollectionModel, Document, Encoded, Json, LoadedEncoder, Role, Vocabulary

if TYPE_CHECKING:
    from bm25s.tokenization import Tokenizer
    from scipy.sparse import csr_array

Method = Literal["lucene", "robertson", "atire"]

# Han, kana, Thai, Lao, Burmese, Khmer: letters and their marks, no punctuation.
_UNSPACED = (
    r"\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
    r"\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u1000-\u103f\u1050-\u109f\u1780-\u17d3"
)
_PIECES = re.compile(rf"([{_UNSPACED}]+)|((?:(?![{_UNSPACED}])\w){{2,}})")


@dataclass(frozen=True, kw_only=True)
class Bm25(CollectionModel):
    """BM25 with the terms of bm25s; scores equal bm25s's own (Lù 2024, variants as in Kamphuis et al. 2020).

    Terms with an idf of 0 have no entry.
    """

    k1: Annotated[float, Ge(0)] = 0.9
    """Saturation of term frequency."""

    b: Annotated[float, Ge(0), Le(1)] = 0.4
    """Weight of document length."""

    method: Method = "lucene"
    """How idf and term frequency are written; none gives a negative idf (robertson's is cut at 0, as in bm25s, and
    atire's is 0 for a term of every document)."""

    stemmer: Literal["porter", "english", "none"] = "porter"
    """One of PyStemmer's, or none."""

    stopwords: Literal["none", "en"] = "none"
    """`en` is bm25s's list."""

    lower: bool = True
    """Put texts in lower case before they are split."""

    tokenizer: Literal["words", "bigrams"] = "words"
    """`words` are bm25s's, of two letters and more. `bigrams` serves scripts without spaces (Han, kana, Thai, Lao,
    Burmese, Khmer): every two neighbouring characters of them are a term, as is one that stands alone; other text is
    split into words of two letters and more."""

    def identity(self, role: Role) -> Mapping[str, Json]:
        """Parameters, and the versions of the libraries that split and stem."""
        versions = {name: importlib.metadata.version(name) for name in ("bm25s", "PyStemmer")}
        parameters = asdict(self)
        if self.tokenizer == "words":  # named only where it differs: vectors made before it was a choice stay valid
            del parameters["tokenizer"]
        return {"bm25": parameters, "libraries": versions}

    def computed_by(self, role: Role, device: str) -> Mapping[str, Json]:
        """Name nothing: the CPU counts, whatever the device."""
        return {}

    def fit(self, documents: Callable[[], Iterator[Document]], device: str) -> LoadedEncoder:
        """One pass over the corpus; keeps a document frequency for each term, and no document."""
        tokenizer = self._tokenizer()
        texts = (document.text for document in documents())
        frequencies: Counter[int] = Counter()
        count = length = 0
        for terms in tokenizer.streaming_tokenize(texts, update_vocab=True, allow_empty=False):
            frequencies.update(set(terms))
            count += 1
            length += len(terms)
        vocabulary = Terms(tokenizer)
        df = np.array([frequencies[term] for term in range(vocabulary.size)], dtype=np.float64)
        return FittedBm25(self, vocabulary, idf(self.method, df, count), length / max(count, 1))

    def _tokenizer(self) -> Tokenizer:
        import Stemmer
        from bm25s.tokenization import Tokenizer

        splitter = {} if self.tokenizer == "words" else {"splitter": bigrams}
        return Tokenizer(
            **splitter,
            lower=self.lower,
            stopwords=None if self.stopwords == "none" else self.stopwords,
            stemmer=None if self.stemmer == "none" else Stemmer.Stemmer(self.stemmer),
        )


class FittedBm25(LoadedEncoder):
    """BM25 with the statistics of a corpus. idf: (V,) float64. average_length: terms a document."""

    def __init__(self, model: Bm25, vocabulary: Terms, idf: np.ndarray, average_length: float) -> None:
        self.vocabulary = vocabulary
        self._model = model
        self._idf = idf
        self._average_length = average_length

    def encode(self, texts: Sequence[str], role: Role) -> Encoded:
        """Term counts of queries; BM25 impacts of documents, those of the corpus and any other."""
        counts = self.counts(texts)
        return Encoded(self.impacts(counts) if role == "document" else counts.astype(np.float32))

    def impacts(self, counts: csr_array) -> csr_array:
        """BM25 impacts (N, V) float32 of documents with these term counts (N, V); those of 0 are not stored."""
        vectors = counts.copy()
        vectors.data = self._impacts(counts)
        vectors = vectors.astype(np.float32)
        vectors.eliminate_zeros()
        return vectors

    def counts(self, texts: Sequence[str]) -> csr_array:
        """Term counts (N, V): how often each known term occurs."""
        from scipy.sparse import csr_array

        terms = self.vocabulary.token_ids(texts)
        columns = np.fromiter(chain.from_iterable(terms), dtype=np.int32)
        starts = np.cumsum([0, *map(len, terms)])
        counts = csr_array((np.ones(len(columns)), columns, starts), shape=(len(texts), self.vocabulary.size))
        counts.sum_duplicates()
        return counts

    def _impacts(self, counts: csr_array) -> np.ndarray:
        """idf * tf / (tf + k1 (1 - b + b |d| / average)) of each entry; atire multiplies by k1 + 1."""
        k1, b = self._model.k1, self._model.b
        lengths = counts.sum(axis=1)
        damping = k1 * (1 - b + b * lengths / (self._average_length or 1))
        tf = counts.data
        saturated = tf / (tf + np.repeat(damping, np.diff(counts.indptr)))
        factor = k1 + 1 if self._model.method == "atire" else 1
        impacts: np.ndarray = self._idf[counts.indices] * saturated * factor
        return impacts


class Terms(Vocabulary):
    """The terms of a corpus (stems, where there is a stemmer), numbered as they first occur."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._surface: list[str] = list(tokenizer.get_vocab_dict())
        self.size = len(self._surface)

    def token(self, term_id: int) -> str:
        """The term itself."""
        return self._surface[term_id]

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of the terms of each text in its order; terms that the corpus lacks are dropped."""
        return list(self._tokenizer.streaming_tokenize(texts, update_vocab=False, allow_empty=False))

    def unreachable_ids(self) -> frozenset[int]:
        """Terms with capitals, which exist only with `lower: false`."""
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


def idf(method: Method, df: np.ndarray, documents: int) -> np.ndarray:
    """Inverse document frequencies (V,) for df (V,) >= 1 in a corpus of `documents` (Kamphuis et al. 2020)."""
    if method == "atire":
        return np.log(documents / df)
    odds = (documents - df + 0.5) / (df + 0.5)
    return np.log(1 + odds) if method == "lucene" else np.log(np.maximum(odds, 1))
