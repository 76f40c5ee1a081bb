"""The contract of a model that makes vectors: SparseEncoder, CollectionModel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

import numpy as np

from sparsebench.contracts import LoadedEncoder, VectorModel
from sparsebench.encoding.returned import encoded
from sparsebench.testing.checks import Subject, require
from sparsebench.testing.common import close
from sparsebench.testing.isolation import no_network
from sparsebench.testing.texts import DOCUMENTS, QUERIES
from sparsebench.types import Document, Role

TOLERANCE = 1e-5
"""Of the largest weight: what float32 arithmetic may add up differently in another batch."""

TEXTS: dict[Role, list[str]] = {
    "document": [document.text for document in DOCUMENTS],
    "query": [query.text for query in QUERIES],
}


@dataclass(frozen=True)
class EncoderSubject(Subject[VectorModel]):
    """A model that makes vectors, and how to get its encoder."""

    @cached_property
    def loaded(self) -> LoadedEncoder:
        """One that the checks share."""
        return self.load()

    def load(self, documents: Sequence[Document] = DOCUMENTS) -> LoadedEncoder:
        """A new one on the CPU, fitted to `documents` where it is a CollectionModel."""
        made: VectorModel = self.make()
        return made.encoder_for(lambda: iter(documents), "cpu")


def dense(encoder: LoadedEncoder, texts: Sequence[str], role: Role) -> np.ndarray:
    """Vectors (N, V)."""
    vectors: np.ndarray = encoder.encode(texts, role).vectors.toarray()
    return vectors


def vectors_are_sparse_rows(model: EncoderSubject) -> None:
    """`encode` returns a CSR array (N, V) of float32 with sorted indices and positive, finite entries."""
    for role, texts in TEXTS.items():
        encoded(model.loaded, texts, role)


def some_text_has_a_vector(model: EncoderSubject) -> None:
    """Texts of ordinary words have active dimensions, and a query meets a document in some of them."""
    documents, queries = (dense(model.loaded, TEXTS[role], role) for role in ("document", "query"))
    require(bool((queries @ documents.T > 0).any()), "no query has a dimension in common with any document")


def the_same_twice(model: EncoderSubject) -> None:
    """Two encoders give the same vectors, byte for byte."""
    for role, texts in TEXTS.items():
        first, second = (dense(encoder, texts, role) for encoder in (model.loaded, model.load()))
        require(first.tobytes() == second.tobytes(), f"{role}: vectors differ")


def batches_do_not_matter(model: EncoderSubject) -> None:
    """A text has the same vector alone and among others, in any order, but for rounding."""
    for role, texts in TEXTS.items():
        together = dense(model.loaded, texts, role)
        alone = np.concatenate([dense(model.loaded, [text], role) for text in texts])
        close(alone, together, tolerance=TOLERANCE, what=f"{role}s one by one")
        backwards = dense(model.loaded, texts[::-1], role)[::-1]
        close(backwards, together, tolerance=TOLERANCE, what=f"{role}s backwards")


def no_text_is_no_row(model: EncoderSubject) -> None:
    """An array (0, V) is the result of no texts."""
    for role in get_args(Role):
        shape = model.loaded.encode([], role).vectors.shape
        require(shape == (0, model.loaded.vocabulary.size), f"{role}: shape {shape} of no texts")


def every_dimension_has_a_name(model: EncoderSubject) -> None:
    """The vocabulary names every dimension, and its ids are all within 0 and V."""
    vocabulary = model.loaded.vocabulary
    names = [vocabulary.token(term_id) for term_id in range(vocabulary.size)]
    require(all(isinstance(name, str) for name in names), "a token is no text")
    special, unreachable = vocabulary.special_ids, vocabulary.unreachable_ids()
    tokens = {term_id for ids in vocabulary.token_ids([*TEXTS["document"], *TEXTS["query"]]) for term_id in ids}
    for what, ids in {"special": special, "unreachable": unreachable, "of tokens": tokens}.items():
        wrong = sorted(term_id for term_id in ids if not 0 <= term_id < vocabulary.size)
        require(not wrong, f"ids {what} outside 0 to {vocabulary.size}: {wrong[:5]}")


def expansion_is_declared(model: EncoderSubject) -> None:
    """Queries activate their own tokens alone where `expands_queries` is False."""
    if model.factory.expands_queries:
        return
    own = model.loaded.vocabulary.token_ids(TEXTS["query"])
    for text, ids, row in zip(TEXTS["query"], own, dense(model.loaded, TEXTS["query"], "query"), strict=True):
        beside = set(np.flatnonzero(row).tolist()) - set(ids)
        require(not beside, f"query {text!r} has {len(beside)} dimensions beside its own; say expands_queries = True")


def it_needs_no_network(model: EncoderSubject) -> None:
    """Loading and encoding touch no network with everything at hand."""
    with no_network():
        model.load().encode(TEXTS["query"], "query")


def the_order_of_the_corpus_does_not_matter(model: EncoderSubject) -> None:
    """Fitted to the documents in another order, it scores every query and document the same, but for rounding."""
    found, expected = (_scores(model.load(documents)) for documents in (DOCUMENTS[::-1], DOCUMENTS))
    close(found, expected, tolerance=TOLERANCE, what="fitted backwards")


def one_document_is_enough(model: EncoderSubject) -> None:
    """A corpus of one document can be fitted, and scores are finite."""
    require(bool(np.isfinite(_scores(model.load(DOCUMENTS[:1]))).all()), "scores are not finite")


def _scores(encoder: LoadedEncoder) -> np.ndarray:
    queries, documents = (dense(encoder, TEXTS[role], role).astype(np.float64) for role in ("query", "document"))
    scores: np.ndarray = queries @ documents.T
    return scores


ENCODER_RULES: tuple[Callable[[EncoderSubject], None], ...] = (
    vectors_are_sparse_rows,
    some_text_has_a_vector,
    the_same_twice,
    batches_do_not_matter,
    no_text_is_no_row,
    every_dimension_has_a_name,
    expansion_is_declared,
    it_needs_no_network,
)
FITTED_RULES: tuple[Callable[[EncoderSubject], None], ...] = (
    the_order_of_the_corpus_does_not_matter,
    one_document_is_enough,
)
