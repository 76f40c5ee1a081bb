"""A corpus is split into terms once, on all cores, and its counts are remembered."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsebench import Document, ModelError
from sparsebench_plugins.models.bm25 import Bm25, FittedBm25, chunks, corpus
from sparsebench_plugins.models.bm25.terms import Splitting

SPLITTING = Splitting(lower=True, stopwords="none", stemmer="porter", unspaced=False)
WORDS = ["cat", "cats", "Dogs", "mat", "market", "markets", "検索", "a", "the"]
TEXTS = [" ".join(WORDS[(at * step) % len(WORDS)] for step in range(1, 2 + at % 7)) for at in range(60)]


def fitted(texts: list[str], model: Bm25 | None = None) -> FittedBm25:
    def documents() -> Iterator[Document]:
        return (Document(f"d{at}", text) for at, text in enumerate(texts))

    encoder = (model or Bm25()).fit(documents, "cpu")
    assert isinstance(encoder, FittedBm25)
    return encoder


def parts(encoder: FittedBm25, texts: list[str]) -> tuple[list[str], list[list[float]]]:
    terms = [encoder.vocabulary.token(at) for at in range(encoder.vocabulary.size)]
    return terms, encoder.encode(texts, "document").vectors.toarray().tolist()


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "TEXTS", 4)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("model", [Bm25(), Bm25(stemmer="none", tokenizer="bigrams"), Bm25(stopwords="en")], ids=str)
def test_terms_and_vectors_are_the_same_on_one_core_and_on_several(
    model: Bm25, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for cores in (1, 2, 3):
        monkeypatch.setattr(chunks, "workers", lambda cores=cores: cores)
        found.append(parts(fitted(TEXTS, model), TEXTS))
    assert found[0] == found[1] == found[2]


@given(st.lists(st.lists(st.sampled_from(WORDS)).map(" ".join), max_size=12), st.integers(1, 5))
@settings(max_examples=50, deadline=None)
def test_terms_are_numbered_as_they_first_occur_whatever_the_chunk(texts: list[str], size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "TEXTS", size)
        pieces = corpus.CountedCorpus(texts, SPLITTING)
    whole = SPLITTING.tokenizer()
    ids = list(whole.streaming_tokenize(texts, update_vocab=True, allow_empty=False))
    assert pieces.surface == list(whole.get_vocab_dict())
    assert pieces.df.tolist() == [sum(term in found for found in ids) for term in range(len(pieces.surface))]


def test_a_document_of_the_corpus_is_not_split_again(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = fitted(TEXTS)
    expected = encoder.encode(["another", *TEXTS], "document").vectors.toarray()[1:]

    def split_again(texts: list[str]) -> None:
        raise AssertionError(texts)

    monkeypatch.setattr(encoder.vocabulary, "token_ids", split_again)
    assert encoder.encode(TEXTS[::-1], "document").vectors.toarray().tolist() == expected[::-1].tolist()


def test_a_full_disk_costs_time_and_no_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = parts(fitted(TEXTS), TEXTS)

    def full(data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    file = SimpleNamespace(write=full, flush=lambda: None)
    monkeypatch.setattr(corpus.tempfile, "TemporaryFile", lambda prefix: file)
    encoder = fitted(TEXTS)
    assert encoder._corpus.counts(TEXTS) is None
    assert parts(encoder, TEXTS) == expected


@pytest.mark.usefixtures("small_chunks")
def test_a_process_that_dies_is_told_and_hangs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "workers", lambda: 2)
    monkeypatch.setattr(chunks, "WORKER", "sparsebench_plugins.models.bm25.nothing_here")
    with pytest.raises(ModelError, match="a process that splits texts into terms ended"):
        fitted(TEXTS)


def test_digests_tell_texts_apart_that_no_encoding_can_write() -> None:
    digests = chunks.text_digests(["\ud800", "\ud801", "a"])
    assert digests.shape == (3, 16)
    assert len(np.unique(digests, axis=0)) == 3
