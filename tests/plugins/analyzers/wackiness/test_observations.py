from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from sparsebench_plugins.analyzers.wackiness import observations
from sparsebench_plugins.analyzers.wackiness.observations import expansion_entries, observe
from sparsebench_plugins.analyzers.wackiness.statistics import inverse_document_frequency
from sparsebench_plugins.analyzers.wackiness.tokens import read_corpus

ONE_QUERY = ["10 11 12 10", "12 13", "", "11 14 15 16 17"]
TABLE = {  # METHODS 2.3: id -> (sum tf * decay, idf, U with df idf, U with constant idf)
    10: (1.792794, 3.823361, 6.854497, 10.066752),
    11: (1.243170, 1.901548, 2.363949, 6.980552),
    13: (0.828535, 5.615121, 4.652326, 4.652326),
    99: (0, 4.228826, 0, 0),
    12: (1.724932, 3.312535, 5.713899, 9.685703),
}


@pytest.fixture
def numbers(word_vocabulary):
    """A hundred words whose ids are their names."""
    return word_vocabulary([str(i) for i in range(100)])


@pytest.mark.parametrize(("text", "recorded"), [("12", {10, 11, 13, 99}), ("", {10, 11, 12, 13, 99})])
def test_the_one_query_table_of_methods(numbers, text: str, recorded: set[int]):
    vectors = numbers.vectors([{"10": 0.5, "11": 1, "13": 2, "99": 0.25, "12": 3}])
    expansions = expansion_entries(vectors, [text], numbers)
    corpus = read_corpus(ONE_QUERY, numbers, np.arange(4))
    observed = observe(expansions, np.array([[0, 1, 2, 3]]), corpus)
    df = np.zeros(100)
    df[[10, 11, 12, 13, 99]] = [5, 40, 9, 0, 3]
    idf = inverse_document_frequency(df, 100)[observed.terms]
    constant = inverse_document_frequency(0 * df, 100)[observed.terms] * observed.evidence
    columns = zip(observed.evidence, idf, idf * observed.evidence, constant, strict=True)
    found = dict(zip(observed.terms.tolist(), columns, strict=True))
    assert found.keys() == recorded  # a token of the query is not recorded
    for term, values in found.items():
        assert values == pytest.approx(TABLE[term], abs=1e-6)
    weights = {10: 0.5, 11: 1, 12: 3, 13: 2, 99: 0.25}
    assert observed.weights.tolist() == [weights[term] for term in observed.terms.tolist()]


def test_expansion_tokens_are_active_and_no_token_of_the_query_as_it_stands(word_vocabulary):
    vocabulary = word_vocabulary(["a", "A", "b"])
    vectors = vocabulary.vectors([{"a": 1, "A": 1, "b": 1}, {"b": 1}, {}])
    expansions = expansion_entries(vectors, ["A x", "b b", "a"], vocabulary)
    assert expansions.toarray().tolist() == [[1, 0, 1], [0, 0, 0], [0, 0, 0]]


def test_the_query_vectors_are_left_as_they_were(word_vocabulary):
    vocabulary = word_vocabulary(["a", "b"])
    vectors = vocabulary.vectors([{"a": 1, "b": 2}])
    expansion_entries(vectors, ["a"], vocabulary)
    assert vectors.toarray().tolist() == [[1, 2]]


def random_case(seed: int, n: int = 37, documents: int = 50, terms: int = 20, depth: int = 7):
    rng = np.random.default_rng(seed)
    texts = [" ".join(map(str, rng.integers(0, terms, size=rng.integers(0, 9)))) for _ in range(documents)]
    expansions = csr_array(rng.random((n, 100)) * (rng.random((n, 100)) < 0.1))
    ranked = np.stack([rng.permutation(documents)[:depth] for _ in range(n)])
    ranked[rng.random((n, depth)).cumsum(axis=1) > 4] = -1
    return texts, expansions, ranked


def test_evidence_is_the_same_bytes_in_blocks_of_any_size(numbers, monkeypatch):
    texts, expansions, ranked = random_case(0)
    corpus = read_corpus(texts, numbers, np.unique(ranked[ranked >= 0]))
    whole = observe(expansions, ranked, corpus)
    monkeypatch.setattr(observations, "DENSE_CELLS", 300)
    assert observe(expansions, ranked, corpus).evidence.tobytes() == whole.evidence.tobytes()


def test_a_query_that_retrieves_nothing_has_no_evidence(numbers):
    corpus = read_corpus(["10"], numbers, np.array([], dtype=np.int64))
    observed = observe(numbers.vectors([{"10": 1}]), np.array([[-1, -1]]), corpus)
    assert observed.evidence.tolist() == [0]


def test_parts_are_disjoint_and_cover_every_query(numbers):
    texts, expansions, ranked = random_case(1)
    observed = observe(expansions, ranked, read_corpus(texts, numbers, np.unique(ranked[ranked >= 0])))
    parts = [observed.part(index, 5) for index in range(5)]
    assert [part.n for part in parts] == [8, 8, 7, 7, 7]
    assert sorted(np.concatenate([part.queries for part in parts])) == observed.queries.tolist()
    assert sum(part.evidence.sum() for part in parts) == pytest.approx(observed.evidence.sum())
    assert replace(observed, n=observed.n).part(0, 1).terms.tolist() == observed.terms.tolist()
