from __future__ import annotations

import numpy as np
import pytest

from sparsebench.types import Document
from sparsebench_plugins.models.splade import Splade
from sparsebench_plugins.models.splade_doc import SpladeDoc

TINY = "package:cognition/model"
CORPUS = ["The cat sat on the mat.", "A cat and a dog.", "Aircraft wings at supersonic speed"]

pytestmark = pytest.mark.usefixtures("tiny_splade_dir")


class Corpus:
    """Counts how often it is read."""

    def __init__(self):
        self.passes = 0

    def __call__(self):
        self.passes += 1
        return (Document(str(i), text) for i, text in enumerate(CORPUS))


def fitted(**parameters):
    return SpladeDoc(checkpoint=TINY, **parameters).fit(Corpus(), "cpu")


def weights(encoder, text):
    row = encoder.encode([text], "query").vectors
    return {
        encoder.vocabulary.token(int(term)): float(weight) for term, weight in zip(row.indices, row.data, strict=True)
    }


def test_a_query_is_its_own_tokens_each_once():
    assert weights(fitted(), "cat dog CAT catting") == {"cat": 1, "dog": 1, "##ting": 1}


def test_idf_is_counted_over_the_corpus():
    """N = 3; df: cat 2, dog 1, fox 0."""
    assert weights(fitted(query_weights="idf"), "cat dog fox") == {
        "cat": pytest.approx(np.log(4 / 3) + 1),
        "dog": pytest.approx(np.log(4 / 2) + 1),
        "fox": pytest.approx(np.log(4 / 1) + 1),
    }


def test_a_token_counts_once_a_document():
    assert weights(fitted(query_weights="idf"), "the")["the"] == pytest.approx(np.log(4 / 2) + 1)


@pytest.mark.parametrize(("query_weights", "passes"), [("binary", 0), ("idf", 1)])
def test_the_corpus_is_read_for_idf_alone(query_weights, passes):
    corpus = Corpus()
    SpladeDoc(checkpoint=TINY, query_weights=query_weights).fit(corpus, "cpu")
    assert corpus.passes == passes


def test_documents_are_those_of_splade():
    documents = fitted().encode(CORPUS, "document").vectors
    expected = Splade(checkpoint=TINY).load("cpu").encode(CORPUS, "document").vectors
    assert abs(documents - expected).max() == 0
    assert SpladeDoc(checkpoint=TINY).identity("document") == Splade(checkpoint=TINY).identity("document")


def test_a_query_equals_sentence_transformers_static_embedding(tiny_splade_dir):
    from sentence_transformers.sparse_encoder.modules import SparseStaticEmbedding
    from transformers import AutoTokenizer

    static = SparseStaticEmbedding(AutoTokenizer.from_pretrained(tiny_splade_dir))
    expected = static(static.preprocess(CORPUS))["sentence_embedding"].detach().numpy()
    np.testing.assert_array_equal(fitted().encode(CORPUS, "query").vectors.toarray(), expected)


def test_empty_and_long_queries():
    encoded = fitted(max_query_length=2).encode(["", "cat dog mat"], "query")
    assert np.diff(encoded.vectors.indptr).tolist() == [0, 2]
    assert encoded.truncated == 1


def test_the_output_vocabulary_holds_on_both_sides():
    encoder = fitted(output_vocabulary=4937)  # cat is 4937, mat 13523, the 1996
    assert weights(encoder, "the cat mat") == {"the": 1}
    assert encoder.encode(CORPUS, "document").vectors.indices.max() < 4937


def test_what_changes_a_side_changes_its_identity_alone():
    plain = SpladeDoc(checkpoint=TINY)
    for parameters, roles in (
        ({"query_weights": "idf"}, {"query"}),
        ({"max_query_length": 9}, {"query"}),
        ({"max_document_length": 9}, {"document"}),
        ({"output_vocabulary": 9}, {"query", "document"}),
    ):
        other = SpladeDoc(checkpoint=TINY, **parameters)
        assert {role for role in ("query", "document") if other.identity(role) != plain.identity(role)} == roles
