from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from sparsebench.errors import ModelError
from sparsebench.types import Document
from sparsebench_plugins.models.splade import Splade
from sparsebench_plugins.models.splade_doc import SpladeDoc
from st_folders import pooled, router, save, static, theirs, transformer

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


def with_token_weights(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def plain(tiny_splade_dir, tmp_path):
    """The tiny SPLADE as a plain folder of its own, which a test may add to."""
    return Path(shutil.copytree(tiny_splade_dir, tmp_path / "plain"))


@pytest.mark.parametrize(
    ("name", "text"),
    [("idf.json", '{"cat": 2.5, "##ting": 0.5, "dog": 0}'), ("query_token_weights.txt", "cat\t2.5\n##ting\t0.5\n")],
)
def test_weights_that_lie_beside_a_plain_checkpoint_are_those_of_its_queries(name, text, plain):
    """OpenSearch's inference-free models before they became routers."""
    folder = with_token_weights(plain, name, text)
    encoder = SpladeDoc(checkpoint=str(folder), activation="relu").fit(Corpus(), "cpu")
    assert weights(encoder, "cat dog CAT catting") == {"cat": 2.5, "##ting": 0.5}
    binary = SpladeDoc(checkpoint=str(folder), query_weights="binary").fit(Corpus(), "cpu")
    assert weights(binary, "cat dog") == {"cat": 1, "dog": 1}


def test_a_plain_checkpoint_with_weights_must_be_told_its_activation(plain):
    """Its files do not say whether it takes a second logarithm, as doc-v3 does."""
    folder = with_token_weights(plain, "idf.json", '{"cat": 2.5}')
    with pytest.raises(ModelError, match=r"`activation: relu` is one, `activation: log1p_relu` two"):
        SpladeDoc(checkpoint=str(folder)).identity("query")


def test_splade_refuses_a_plain_checkpoint_whose_queries_are_weights(plain):
    folder = with_token_weights(plain, "idf.json", '{"cat": 2.5}')
    with pytest.raises(ModelError, match=r"has idf\.json: its queries pass through no model.*`splade_doc`"):
        Splade(checkpoint=str(folder)).identity("document")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("idf.json", '{"cat": "much"}', "the weight of 'cat' is 'much', not a number"),
        ("idf.json", '{"cat": 1' + "0" * 400 + "}", "the weight of 'cat' is too large for a number of 64 bits"),
        ("idf.json", '{"cat": -1}', "negative or not finite"),
        ("query_token_weights.txt", "cat 2.5\n", r"query_token_weights\.txt:1: 'cat 2\.5' is not a token, a tab"),
    ],
)
def test_weights_that_are_none_are_named(name, text, said, plain):
    folder = with_token_weights(plain, name, text)
    with pytest.raises(ModelError, match=said):
        SpladeDoc(checkpoint=str(folder), activation="relu").fit(Corpus(), "cpu")


def test_a_changed_weight_changes_the_key_of_queries(plain):
    folder = with_token_weights(plain, "idf.json", '{"cat": 2.5}')
    model = SpladeDoc(checkpoint=str(folder), activation="relu")
    before = {role: model.identity(role) for role in ("query", "document")}
    with_token_weights(folder, "idf.json", '{"cat": 2.25}')
    assert model.identity("query") != before["query"]
    assert model.identity("document") == before["document"]


def test_a_checkpoint_without_weights_has_none_to_ask_for():
    with pytest.raises(ModelError, match="brings no weights of tokens; leave `query_weights` out"):
        SpladeDoc(checkpoint=TINY, query_weights="checkpoint").identity("query")


@pytest.fixture(scope="module")
def inference_free(tiny_splade_dir, tmp_path_factory):
    chain = router([static(tiny_splade_dir)], [transformer(tiny_splade_dir), pooled("max", "log1p_relu")])
    return save(tmp_path_factory.mktemp("inference-free"), chain)


@pytest.mark.parametrize("given", ["", "document_0_Transformer"])
@pytest.mark.parametrize("query_weights", [None, "checkpoint"])
def test_a_router_without_query_inference_gives_its_own_vectors(given, query_weights, inference_free):
    """Also where the folder of its document route is given: once that lost a logarithm and the weights of queries."""
    encoder = SpladeDoc(checkpoint=str(inference_free / given), query_weights=query_weights).fit(Corpus(), "cpu")
    for role in ("query", "document"):
        expected = theirs(inference_free, role, CORPUS)
        np.testing.assert_allclose(encoder.encode(CORPUS, role).vectors.toarray(), expected, atol=1e-4)


def test_an_encoder_of_queries_is_not_passed_over(tiny_splade_dir, tmp_path):
    other = Path(shutil.copytree(tiny_splade_dir, tmp_path / "other"))
    chain = router([transformer(other), pooled("sum")], [transformer(tiny_splade_dir), pooled()])
    folder = save(tmp_path / "router", chain)
    with pytest.raises(ModelError, match=r"has an encoder of its own for queries: the model `splade` uses it"):
        SpladeDoc(checkpoint=str(folder)).identity("query")
    assert SpladeDoc(checkpoint=str(folder), query_weights="binary").identity("query")["query_weights"] == "binary"
