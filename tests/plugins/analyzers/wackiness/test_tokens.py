from __future__ import annotations

import numpy as np
import pytest

from sparsebench_plugins.analyzers.wackiness import tokens
from sparsebench_plugins.analyzers.wackiness.tokens import count_tokens, read_corpus

WORDS = ["a", "b", "c", "A"]
TEXTS = ["a b a", "B A c", "", "c c c c", "zzz"]


def test_counts_and_lengths_of_texts_as_they_stand(word_vocabulary):
    counts, lengths = count_tokens(["a A a", "", "b zzz"], word_vocabulary(WORDS))
    assert counts.toarray().tolist() == [[2, 0, 0, 1], [0, 0, 0, 0], [0, 1, 0, 0]]
    assert lengths.tolist() == [3, 0, 1]


def test_df_counts_documents_of_the_lower_cased_corpus(word_vocabulary):
    corpus = read_corpus(TEXTS, word_vocabulary(WORDS), np.array([], dtype=np.int64))
    assert corpus.documents == 5
    assert corpus.df.tolist() == [2, 2, 2, 0]
    assert corpus.frequencies.shape == (0, 4)


def test_frequencies_are_tf_of_the_asked_documents_in_order(word_vocabulary):
    corpus = read_corpus(TEXTS, word_vocabulary(WORDS), np.array([0, 2, 3]))
    expected = [[2 / np.log(4), 1 / np.log(4), 0, 0], [0, 0, 0, 0], [0, 0, 4 / np.log(5), 0]]
    assert corpus.frequencies.toarray() == pytest.approx(np.array(expected), rel=1e-9)


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_reading_in_batches_of_any_size_gives_the_same_bytes(word_vocabulary, monkeypatch, batch: int):
    whole = read_corpus(TEXTS, word_vocabulary(WORDS), np.array([1, 3]))
    monkeypatch.setattr(tokens, "BATCH", batch)
    batched = read_corpus(iter(TEXTS), word_vocabulary(WORDS), np.array([1, 3]))
    assert batched.df.tobytes() == whole.df.tobytes()
    assert batched.frequencies.data.tobytes() == whole.frequencies.data.tobytes()
