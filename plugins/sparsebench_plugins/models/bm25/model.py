"""BM25: its parameters, and the encoder that it becomes over a corpus."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from annotated_types import Ge, Le

from sparsebench import CollectionModel, Document, Encoded, Json, LoadedEncoder, Role
from sparsebench_plugins.models.bm25.corpus import CountedCorpus, counted
from sparsebench_plugins.models.bm25.terms import Splitting, Terms

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Method = Literal["lucene", "robertson", "atire"]


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
        """Read the corpus once, on all cores. Its term counts stay on disk (TMPDIR) while the encoder lives."""
        corpus = CountedCorpus((document.text for document in documents()), self.splitting)
        return FittedBm25(self, Terms(self.splitting, corpus.surface), corpus)

    @property
    def splitting(self) -> Splitting:
        """Return what decides how texts become terms."""
        return Splitting(
            lower=self.lower, stopwords=self.stopwords, stemmer=self.stemmer, unspaced=self.tokenizer == "bigrams"
        )


class FittedBm25(LoadedEncoder):
    """BM25 with the statistics of a corpus."""

    def __init__(self, model: Bm25, vocabulary: Terms, corpus: CountedCorpus) -> None:
        self.vocabulary = vocabulary
        self._model = model
        self._corpus = corpus
        self._idf = idf(model.method, corpus.df.astype(np.float64), corpus.documents)

    def encode(self, texts: Sequence[str], role: Role) -> Encoded:
        """Return term counts (N, V) of queries, BM25 impacts (N, V) of documents of the corpus and of any other."""
        if role == "query":
            return Encoded(self.split(texts).astype(np.float32))
        return Encoded(self.impacts(self.counts(texts)))

    def counts(self, texts: Sequence[str]) -> csr_array:
        """Return term counts (N, V): how often each known term occurs; those of documents are known already."""
        found = self._corpus.counts(texts)
        return self.split(texts) if found is None else found

    def split(self, texts: Sequence[str]) -> csr_array:
        """Return term counts (N, V) of any texts, by splitting them."""
        terms = self.vocabulary.token_ids(texts)
        columns = np.fromiter(chain.from_iterable(terms), dtype=np.int32)
        return counted(columns, np.array([*map(len, terms)], dtype=np.int64), self.vocabulary.size)

    def impacts(self, counts: csr_array) -> csr_array:
        """Return BM25 impacts (N, V) float32 of documents with these term counts (N, V); those of 0 are not stored."""
        vectors = counts.astype(np.float64)
        vectors.data = self._impacts(counts)
        vectors = vectors.astype(np.float32)
        vectors.eliminate_zeros()
        return vectors

    def _impacts(self, counts: csr_array) -> np.ndarray:
        """Compute idf * tf / (tf + k1 (1 - b + b |d| / average)) of each entry; atire multiplies by k1 + 1."""
        k1, b = self._model.k1, self._model.b
        lengths = counts.sum(axis=1)
        damping = k1 * (1 - b + b * lengths / (self._corpus.average_length or 1))
        tf = counts.data
        saturated = tf / (tf + np.repeat(damping, np.diff(counts.indptr)))
        factor = k1 + 1 if self._model.method == "atire" else 1
        impacts: np.ndarray = self._idf[counts.indices] * saturated * factor
        return impacts


def idf(method: Method, df: np.ndarray, documents: int) -> np.ndarray:
    """Inverse document frequencies (V,) for df (V,) >= 1 in a corpus of `documents` (Kamphuis et al. 2020)."""
    if method == "atire":
        return np.log(documents / df)
    odds = (documents - df + 0.5) / (df + 0.5)
    return np.log(1 + odds) if method == "lucene" else np.log(np.maximum(odds, 1))
