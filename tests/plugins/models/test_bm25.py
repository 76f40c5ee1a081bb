"""BM25: the scores of bm25s, as dot products."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import bm25s
import numpy as np
import pytest
import Stemmer

from sparsebench import Document
from sparsebench.collection import BeirFolder
from sparsebench.contracts import State
from sparsebench.measures import aggregate, measure
from sparsebench.rank import TopK, tie_order, to_run
from sparsebench.registry.parameters import ParameterError, validate
from sparsebench.search import SparseScores
from sparsebench.search.postprocess import apply_to
from sparsebench_plugins.models.bm25 import Bm25, FittedBm25, bigrams
from sparsebench_plugins.postprocessors.none import NoCorrection

TEXTS = [
    "The cats sat on the mat; the cat slept.",
    "Dogs chase cats",
    "a dog",
    "",
    "stock market markets marketing",
    "The the THE mat",
]
QUERIES = ["cat mat", "cats cats cats dog", "Marketing of dogs", "the", "", "unknown words only", "b a"]


def fitted(model: Bm25, texts: list[str] = TEXTS) -> FittedBm25:
    def documents() -> Iterator[Document]:
        return (Document(f"d{at}", text) for at, text in enumerate(texts))

    encoder = model.fit(documents, "cpu")
    assert isinstance(encoder, FittedBm25)
    return encoder


def scores(encoder: FittedBm25, queries: list[str], texts: list[str]) -> np.ndarray:
    found: np.ndarray = (
        encoder.encode(queries, "query").vectors @ encoder.encode(texts, "document").vectors.T
    ).toarray()
    return found


def reference(model: Bm25, queries: list[str], texts: list[str]) -> np.ndarray:
    """Scores (Q, D) of bm25s itself."""

    def tokens(some: list[str]) -> list[list[str]]:
        stemmer = None if model.stemmer == "none" else Stemmer.Stemmer(model.stemmer)
        stopwords = None if model.stopwords == "none" else model.stopwords
        found: list[list[str]] = bm25s.tokenize(
            some, lower=model.lower, stopwords=stopwords, stemmer=stemmer, return_ids=False, show_progress=False
        )
        return found

    index = bm25s.BM25(method=model.method, k1=model.k1, b=model.b)
    index.index([[term for term in terms if term] for terms in tokens(texts)], show_progress=False)
    known = [[term for term in terms if term in index.vocab_dict and term] for terms in tokens(queries)]
    return np.stack([index.get_scores(terms) if terms else np.zeros(len(texts)) for terms in known])


MODELS = [
    Bm25(),
    Bm25(method="robertson"),
    Bm25(method="atire"),
    Bm25(k1=1.5, b=0.75, stemmer="english", stopwords="en"),
    Bm25(stemmer="none", lower=False),
    Bm25(k1=0.0, b=0.0),
]


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_dot_products_are_the_scores_of_bm25s(model: Bm25) -> None:
    np.testing.assert_allclose(scores(fitted(model), QUERIES, TEXTS), reference(model, QUERIES, TEXTS), atol=1e-6)


@pytest.mark.parametrize("method", ["lucene", "robertson", "atire"])
def test_dot_products_are_the_scores_of_bm25s_on_real_abstracts(method: str, beir_dir: Path) -> None:
    source = BeirFolder(beir_dir / "cranfield", "cranfield")
    texts = [document.text for document in source.documents()]
    queries = [query.text for query in source.topics("test").queries][:40]
    model = Bm25(method=method)
    np.testing.assert_allclose(
        scores(fitted(model, texts), queries, texts), reference(model, queries, texts), rtol=1e-5, atol=1e-6
    )


def test_an_impact_by_hand() -> None:
    encoder = fitted(Bm25(stemmer="none"), ["cat cat dog", "dog"])
    assert [encoder.vocabulary.token(at) for at in range(encoder.vocabulary.size)] == ["cat", "dog"]
    vectors = encoder.encode(["cat cat dog", "dog"], "document").vectors.toarray()
    # N = 2, lengths 3 and 1, average 2; idf cat ln(1 + 1.5 / 1.5), dog ln(1 + 0.5 / 2.5)
    cat = math.log(2) * 2 / (2 + 0.9 * (0.6 + 0.4 * 1.5))
    dogs = [math.log(1.2) / (1 + 0.9 * (0.6 + 0.4 * length / 2)) for length in (3, 1)]
    np.testing.assert_allclose(vectors, [[cat, dogs[0]], [0, dogs[1]]], rtol=1e-6)


def test_query_vectors_count_terms_and_drop_unknown_ones() -> None:
    encoder = fitted(Bm25())
    vector = encoder.encode(["Cats, a cat & unknownword dogs"], "query").vectors
    counts = {encoder.vocabulary.token(at): count for at, count in zip(vector.indices, vector.data, strict=True)}
    assert counts == {"cat": 2, "dog": 1}
    assert encoder.vocabulary.token_ids(["cats unknownword cat"]) == [[vector.indices[0]] * 2]


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_vectors_hold_positive_float32_entries_in_order_and_no_others(model: Bm25) -> None:
    encoder = fitted(model)
    for role in ("query", "document"):
        vectors = encoder.encode(TEXTS, role).vectors
        assert vectors.shape == (len(TEXTS), encoder.vocabulary.size)
        assert vectors.dtype == np.float32
        assert (vectors.data > 0).all()
        assert vectors.has_canonical_format


def test_a_term_of_nearly_every_document_has_no_entry_where_its_idf_is_0() -> None:
    texts = ["cat dog", "cat", "cat bird", "cat bird"]
    for method in ("robertson", "atire"):
        vectors = fitted(Bm25(method=method), texts).encode(texts, "document").vectors
        assert 0 not in vectors.indices, f"{method} gives 'cat' an impact"


def test_a_document_outside_the_corpus_is_scored_with_its_statistics() -> None:
    encoder = fitted(Bm25())
    one, same = encoder.encode(["cats and a dog"], "document"), encoder.encode(["cats dog unheardof"], "document")
    assert one.vectors.toarray().tolist() == same.vectors.toarray().tolist()


@pytest.mark.parametrize("texts", [[], [""], ["a", "!"]])
def test_a_corpus_without_terms_gives_vectors_without_dimensions(texts: list[str]) -> None:
    encoder = fitted(Bm25(), texts)
    assert encoder.vocabulary.size == 0
    assert encoder.encode([*texts, "cat"], "document").vectors.shape == (len(texts) + 1, 0)


def test_batches_do_not_change_vectors() -> None:
    encoder = fitted(Bm25())
    whole = encoder.encode(TEXTS, "document").vectors.toarray()
    assert (
        np.vstack([encoder.encode([text], "document").vectors.toarray() for text in TEXTS]).tolist() == whole.tolist()
    )


def test_capitalised_terms_are_unreachable() -> None:
    assert fitted(Bm25()).vocabulary.unreachable_ids() == frozenset()
    vocabulary = fitted(Bm25(lower=False, stemmer="none"), ["Paris in paris"]).vocabulary
    assert [vocabulary.token(at) for at in vocabulary.unreachable_ids()] == ["Paris"]


def test_the_identity_names_parameters_and_libraries() -> None:
    identity = Bm25(k1=1.2).identity("document")
    assert identity["bm25"]["k1"] == 1.2
    assert set(identity["libraries"]) == {"bm25s", "PyStemmer"}
    assert identity != Bm25().identity("document")


@pytest.mark.parametrize("params", [{"k1": -0.1}, {"b": 1.1}, {"method": "bm25l"}, {"stemmer": "dutch"}])
def test_parameters_are_checked(params: dict[str, object]) -> None:
    with pytest.raises(ParameterError, match=next(iter(params))):
        validate(Bm25, params)


def test_importing_the_plugin_imports_neither_bm25s_nor_torch() -> None:
    heavy = "{'bm25s', 'numba', 'torch', 'Stemmer'}"
    code = f"import sys, sparsebench_plugins.models.bm25; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout == b"[]\n"


@pytest.mark.parametrize(("name", "expected"), [("cranfield", 0.3511), ("cacm", 0.4630), ("scifact", 0.6776)])
def test_reference_figures_on_real_collections(name: str, expected: float, beir_dir: Path) -> None:
    source = BeirFolder(beir_dir / name, name)
    documents, topics = list(source.documents()), source.topics("test")
    encoder = fitted(Bm25(), [document.text for document in documents])
    blocks = SparseScores(
        encoder.encode([query.text for query in topics.queries], "query").vectors,
        encoder.encode([document.text for document in documents], "document").vectors,
    )
    doc_ids = np.array([document.doc_id.encode() for document in documents])
    top = TopK(len(topics.queries), 1000, tie_order(doc_ids))
    for block, candidates in apply_to(NoCorrection(), State(), blocks, candidates="retrieved"):
        top.add(block.columns, block.scores, candidates)
    run = to_run(top.ranking(), [query.query_id for query in topics.queries], doc_ids)
    found = aggregate(measure(run, topics.qrels, ["nDCG@10"]))["nDCG@10"]
    assert found == pytest.approx(expected, abs=5e-4)


UNSPACED = ["国際標準化に関する動向について", "機械学習と検索の評価方法", "ภาษาไทย", "vitamin 犬"]


@pytest.mark.parametrize(
    ("query", "answer"), [("国際標準化", 0), ("検索の評価", 1), ("ไทย", 2), ("犬", 3), ("Vitamins", 3)]
)
def test_bigrams_find_texts_of_scripts_without_spaces(query: str, answer: int) -> None:
    found = scores(fitted(Bm25(tokenizer="bigrams"), UNSPACED), [query], UNSPACED)[0]
    assert found.argmax() == answer
    assert found[answer] > 0


def test_words_alone_find_nothing_in_them() -> None:
    assert not scores(fitted(Bm25(), UNSPACED), ["検索の評価"], UNSPACED).any()


def test_bigrams_split_at_punctuation_and_at_a_change_of_script() -> None:
    assert bigrams("検索。評価法BM25 a 犬") == ["検索", "評価", "価法", "BM25", "犬"]


def test_bigrams_split_spaced_text_as_words_do() -> None:
    words, pairs = fitted(Bm25()), fitted(Bm25(tokenizer="bigrams"))
    assert np.array_equal(scores(words, QUERIES, TEXTS), scores(pairs, QUERIES, TEXTS))


def test_only_another_tokenizer_is_named_in_the_identity() -> None:
    assert "tokenizer" not in str(Bm25().identity("query"))
    assert "bigrams" in str(Bm25(tokenizer="bigrams").identity("query"))
