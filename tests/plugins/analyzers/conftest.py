"""A model on a collection, small enough to work out by hand: words are dimensions, a lexicon expands queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy.sparse import csr_array

from sparsebench.contracts import GroupContext, Vocabulary
from sparsebench.types import Document, Query, Ranking, Topics

Terms = Mapping[str, float]


class WordVocabulary(Vocabulary):
    """Whitespace words; one that is not in the list has no id. No lower-cased text reaches a capitalised word."""

    def __init__(self, words: Sequence[str], special: Sequence[str] = ()):
        self.words = list(words)
        self.index = {word: term_id for term_id, word in enumerate(words)}
        self.size = len(self.words)
        self.special_ids = frozenset(self.index[word] for word in special)

    def token(self, term_id: int) -> str:
        return self.words[term_id]

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        return [[self.index[word] for word in text.split() if word in self.index] for text in texts]

    def unreachable_ids(self) -> frozenset[int]:
        return self.special_ids | {self.index[word] for word in self.words if word != word.lower()}

    def vectors(self, rows: Sequence[Terms]) -> csr_array:
        dense = np.zeros((len(rows), self.size), dtype=np.float32)
        for row, terms in zip(dense, rows, strict=True):
            for word in terms.keys() & self.index.keys():
                row[self.index[word]] = terms[word]
        return csr_array(dense)


@dataclass
class ToyModel:
    """Gives each word of a text weight 1, and queries the `lexicon`'s terms of each of their words beside."""

    vocabulary: WordVocabulary
    lexicon: Mapping[str, Terms] = field(default_factory=dict)

    def encode_queries(self, texts: Sequence[str]) -> csr_array:
        return self.vocabulary.vectors([self._expanded(text) for text in texts])

    def _expanded(self, text: str) -> Terms:
        own = dict.fromkeys(text.split(), 1.0)
        beside = {term: weight for word in text.split() for term, weight in self.lexicon.get(word, {}).items()}
        return beside | own


def exact_search(documents: csr_array, doc_ids: np.ndarray) -> Callable[[csr_array, int], Ranking]:
    """Score > 0, best first, ties by doc_id descending: the rule of the project, spelled in Python."""

    def search(queries: csr_array, k: int) -> Ranking:
        scores = (queries @ documents.T).toarray().astype(np.float64)
        ranked = np.full((len(scores), k), -1, dtype=np.int64)
        kept = np.full((len(scores), k), -np.inf)
        for row, of_query in enumerate(scores):
            hits = [position for position in range(len(doc_ids)) if of_query[position] > 0]
            best = sorted(hits, key=lambda hit: (of_query[hit], doc_ids[hit]), reverse=True)[:k]
            ranked[row, : len(best)] = best
            kept[row, : len(best)] = of_query[best]
        return Ranking(ranked, kept)

    return search


def group_context(
    *,
    vocabulary: Vocabulary,
    texts: Sequence[str],
    encode_queries: Callable[[Sequence[str]], csr_array],
    document_vectors: csr_array,
    test: Sequence[str],
    bank: Topics | None = None,
    expands_queries: bool = True,
) -> GroupContext:
    """Documents d0, d1, …; test queries t0, t1, …"""
    documents = [Document(f"d{i}", text) for i, text in enumerate(texts)]
    doc_ids = np.array([document.doc_id.encode() for document in documents])
    return GroupContext(
        collection="toy",
        documents=lambda: iter(documents),
        doc_ids=doc_ids,
        corpus_digest="0",
        test=Topics(tuple(Query(f"t{i}", text) for i, text in enumerate(test))),
        bank=bank,
        expands_queries=expands_queries,
        vocabulary=vocabulary,
        document_vectors=document_vectors,
        query_vectors=encode_queries(test),
        encode_queries=encode_queries,
        search=exact_search(document_vectors, doc_ids),
    )


@pytest.fixture(scope="session")
def word_vocabulary() -> type[WordVocabulary]:
    return WordVocabulary


@pytest.fixture(scope="session")
def make_context() -> Callable[..., GroupContext]:
    """The builder `group_context`, for models that bring their own vectors."""
    return group_context


@pytest.fixture(scope="session")
def toy_context() -> Callable[..., GroupContext]:
    """Builds the context of a ToyModel: words, lexicon and texts in, context out."""

    def build(
        words: Sequence[str],
        texts: Sequence[str],
        test: Sequence[str],
        *,
        lexicon: Mapping[str, Terms] | None = None,
        special: Sequence[str] = (),
        **options: object,
    ) -> GroupContext:
        model = ToyModel(WordVocabulary(words, special), lexicon or {})
        vectors = model.vocabulary.vectors([dict.fromkeys(text.lower().split(), 1.0) for text in texts])
        return group_context(
            vocabulary=model.vocabulary,
            texts=texts,
            encode_queries=model.encode_queries,
            document_vectors=vectors,
            test=test,
            **options,
        )

    return build
