"""A sound model passes every check, and for each check there is a model that it finds out."""

from __future__ import annotations

import contextlib
import itertools
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csc_array, csr_array

from sparsebench import CollectionModel, Document, Encoded, LoadedEncoder, SparseEncoder, Vocabulary
from sparsebench.testing import check_model, model_checks

LETTERS = "abcdefghijklmnopqrstuvwxyz"
EXPANDED = LETTERS.index("z")


class Letters(Vocabulary):
    size = 26
    special_ids = frozenset({EXPANDED})

    def token(self, term_id: int) -> str:
        return LETTERS[term_id]

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        return [[LETTERS.index(letter) for letter in text.lower() if letter in LETTERS] for text in texts]


class LoadedLetters(LoadedEncoder):
    vocabulary: Vocabulary = Letters()

    def __init__(self, weight: float = 1.0) -> None:
        self.weight = weight

    def encode(self, texts: Sequence[str], role: str) -> Encoded:
        counts = np.zeros((len(texts), 26), dtype=np.float32)
        for row, ids in zip(counts, Letters().token_ids(texts), strict=True):
            np.add.at(row, ids, self.weight)
        return Encoded(csr_array(counts))


class Sound(SparseEncoder):
    """Counts of letters."""

    expands_queries = False
    encoder: Callable[[], LoadedEncoder] = LoadedLetters

    def identity(self, role: str) -> Mapping[str, Any]:
        return {"role": role}

    def load(self, device: str) -> LoadedEncoder:
        return type(self).encoder()


class SoundFitted(CollectionModel):
    """Counts of letters, divided by the number of documents."""

    def identity(self, role: str) -> Mapping[str, Any]:
        return {}

    def fit(self, documents: Callable[[], Iterator[Document]], device: str) -> LoadedEncoder:
        return LoadedLetters(1 / sum(1 for _ in documents()))


def encoding(change: Callable[[Encoded, Sequence[str]], Encoded]) -> type[SparseEncoder]:
    """A sound model but for what `change` does to its vectors."""

    class Changed(LoadedLetters):
        def encode(self, texts: Sequence[str], role: str) -> Encoded:
            return change(super().encode(texts, role), texts)

    class Model(Sound):
        encoder = Changed

    return Model


def scaled(encoded: Encoded, factor: float) -> Encoded:
    return Encoded((encoded.vectors * np.float32(factor)).astype(np.float32))


def descending(vectors: csr_array) -> csr_array:
    """Rows in reverse, and the indices of each from the largest down."""
    reverse = (vectors.data[::-1], vectors.indices[::-1], vectors.nnz - vectors.indptr[::-1])
    return csr_array(reverse, shape=vectors.shape)


class NoModel:
    expands_queries = True


class Positional(Sound):
    def __init__(self, length: int = 3) -> None: ...


class Costly(Sound):
    def __init__(self) -> None:
        import torch

        self.zero = torch.zeros(1)


class Absent(Sound):
    def missing(self) -> Sequence[str]:
        return ["the weights: download them"]


class Nameless(Sound):
    def identity(self, role: str) -> Mapping[str, Any]:
        return {"weights": object()}


class Clocked(Sound):
    turns = itertools.count()

    def identity(self, role: str) -> Mapping[str, Any]:
        return {"made": next(self.turns)}


class Unnamed(Letters):
    def token(self, term_id: int) -> str:
        return LETTERS[term_id] if term_id < 9 else None  # type: ignore[return-value]


class OutOfRange(Letters):
    special_ids = frozenset({26})


def with_vocabulary(vocabulary: Vocabulary) -> type[SparseEncoder]:
    class Named(LoadedLetters):
        pass

    Named.vocabulary = vocabulary

    class Model(Sound):
        encoder = Named

    return Model


class Expanding(LoadedLetters):
    def encode(self, texts: Sequence[str], role: str) -> Encoded:
        dense = super().encode(texts, role).vectors.toarray()
        dense[:, EXPANDED] += 1
        return Encoded(csr_array(dense))


class SecretlyExpanding(Sound):
    encoder = Expanding


class Calling(Sound):
    def load(self, device: str) -> LoadedEncoder:
        with contextlib.suppress(OSError):
            socket.create_connection(("example.invalid", 80))
        return LoadedLetters()


class FirstDocument(SoundFitted):
    def fit(self, documents: Callable[[], Iterator[Document]], device: str) -> LoadedEncoder:
        return LoadedLetters(1 + len(next(documents()).text))


class Spread(SoundFitted):
    """The standard deviation of the lengths, which is 0 for one document."""

    def fit(self, documents: Callable[[], Iterator[Document]], device: str) -> LoadedEncoder:
        with np.errstate(divide="ignore"):
            return LoadedLetters(float(1 / np.std([len(document.text) for document in documents()])))


turns = itertools.count(1)
OFFENDERS: list[tuple[str, Any]] = [
    ("is_a_model", NoModel),
    ("parameters_are_named_and_typed", Positional),
    ("making_it_is_cheap", Costly),
    ("what_is_missing_is_told_without_network", Absent),
    ("its_identity_is_stable", Nameless),
    ("its_identity_is_stable", Clocked),
    ("vectors_are_sparse_rows", encoding(lambda encoded, _: Encoded(csc_array(encoded.vectors)))),
    ("vectors_are_sparse_rows", encoding(lambda encoded, _: Encoded(encoded.vectors.astype(np.float64)))),
    ("vectors_are_sparse_rows", encoding(lambda encoded, _: Encoded(encoded.vectors[:, :25]))),
    ("vectors_are_sparse_rows", encoding(lambda encoded, _: Encoded(-encoded.vectors))),
    ("vectors_are_sparse_rows", encoding(lambda encoded, _: scaled(encoded, np.inf))),
    ("vectors_are_sparse_rows", encoding(lambda encoded, _: Encoded(descending(encoded.vectors)))),
    ("vectors_are_sparse_rows", encoding(lambda encoded, texts: Encoded(encoded.vectors, len(texts) + 1))),
    ("some_text_has_a_vector", encoding(lambda encoded, _: Encoded(csr_array(encoded.vectors.shape, dtype="f4")))),
    ("the_same_twice", encoding(lambda encoded, _: scaled(encoded, next(turns)))),
    ("batches_do_not_matter", encoding(lambda encoded, texts: scaled(encoded, 1 + len(texts) / 100))),
    ("batches_do_not_matter", encoding(lambda encoded, texts: scaled(encoded, 1 + len(texts[0]) if texts else 1))),
    ("no_text_is_no_row", encoding(lambda encoded, texts: encoded if texts else Encoded(csr_array((0, 3))))),
    ("every_dimension_has_a_name", with_vocabulary(Unnamed())),
    ("every_dimension_has_a_name", with_vocabulary(OutOfRange())),
    ("expansion_is_declared", SecretlyExpanding),
    ("it_needs_no_network", Calling),
    ("the_order_of_the_corpus_does_not_matter", FirstDocument),
    ("one_document_is_enough", Spread),
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("name", "offender"), OFFENDERS, ids=[name for name, _ in OFFENDERS])
def test_a_model_that_breaks_a_rule_is_found_out_by_its_check(name: str, offender: Any) -> None:
    (check,) = [check for check in model_checks(offender) if str(check) == name]
    assert check.failure() is not None


def test_every_rule_has_a_model_that_breaks_it() -> None:
    rules = {str(check) for check in model_checks(SoundFitted)}
    # A model of this module cannot break it; see test_isolation.
    assert rules - {"importing_it_imports_no_torch"} == {name for name, _ in OFFENDERS}


@pytest.mark.parametrize("sound", [Sound, SoundFitted])
def test_a_sound_model_passes_every_check(sound: type[Any]) -> None:
    check_model(sound)


def test_only_a_model_that_is_fitted_is_asked_about_fitting() -> None:
    assert not {"one_document_is_enough"} & {str(check) for check in model_checks(Sound)}
