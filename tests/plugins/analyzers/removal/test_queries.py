from __future__ import annotations

import importlib.util
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparsebench.measures.fast import fast_measure
from sparsebench.rank import best_of_rows
from sparsebench.types import Topics
from sparsebench_plugins.analyzers.removal.queries import RemovalQuery, removal_queries, within_reach

RR = fast_measure("RR@10")


@pytest.fixture
def example(make_context, word_vocabulary):
    """METHODS 2.5: q = {a:1 (query), w:2, b:.5}; d1 = {a:1, b:1}, d2 = {w:1}, d3 = {a:.5, w:.4}; d1 is relevant."""
    vocabulary = word_vocabulary(["a", "b", "w"])
    documents = [{}, {"a": 1, "b": 1}, {"w": 1}, {"a": 0.5, "w": 0.4}]
    context = make_context(
        vocabulary=vocabulary,
        texts=[""] * 4,
        encode_queries=lambda texts: vocabulary.vectors([{"a": 1, "w": 2, "b": 0.5}] * len(texts)),
        document_vectors=vocabulary.vectors(documents),
        test=["a"],
    )
    return replace(context, test=Topics(context.test.queries, {"t0": {"d1": 1}}))


def test_the_worked_example_of_a_removal(example):
    (query,) = removal_queries(example, depth=10)
    assert (query.terms.tolist(), query.weights.tolist()) == ([1, 2], [0.5, 2.0])
    scores = query.base + np.array([[1, 1], [1, 0], [0, 0]]) @ query.shares  # all, without w, without both
    assert scores == pytest.approx(np.array([[1.3, 2.0, 1.5], [0.5, 0, 1.5], [0.5, 0, 1.0]]))  # d3, d2, d1
    removals = np.array([[False, False], [False, True], [True, True]])
    assert query.values(removals, RR).tolist() == [0.5, 1.0, 1.0]


def test_a_document_that_lost_all_its_terms_is_not_retrieved(example):
    relevant = replace(example, test=Topics(example.test.queries, {"t0": {"d2": 1}}))
    (query,) = removal_queries(relevant, depth=10)
    assert query.values(np.array([[False, False], [False, True]]), RR).tolist() == [1.0, 0.0]


def test_judged_documents_that_the_corpus_lacks_count_in_the_ideal(example):
    judged = replace(example, test=Topics(example.test.queries, {"t0": {"d2": 1, "elsewhere": 1}}))
    (query,) = removal_queries(judged, depth=10)
    assert query.values(np.zeros((1, 2), dtype=bool), fast_measure("R@10")).tolist() == [0.5]


def test_a_hit_on_the_querys_own_id_is_dropped_where_the_collection_says_so(example):
    own = replace(example.test.queries[0], query_id="d2")
    judged = replace(example, test=Topics((own,), {"d2": {"d1": 1}}))
    for drop, value in ((False, 0.5), (True, 1.0)):
        (query,) = removal_queries(replace(judged, drop_own_id=drop), depth=10)
        assert query.values(np.zeros((1, 2), dtype=bool), RR).tolist() == [value]


def test_a_query_without_expansion_or_without_any_hit_has_values(example):
    for weights, value in (({"a": 1}, 1.0), ({}, 0.0)):
        changed = replace(example, query_vectors=example.vocabulary.vectors([weights]))
        (query,) = removal_queries(changed, depth=10)
        assert query.values(np.zeros((3, 0), dtype=bool), RR).tolist() == [value] * 3


@given(st.integers(0, 2**32 - 1), st.integers(1, 25), st.integers(0, 5), st.integers(1, 6))
def test_no_removal_brings_up_a_document_that_is_out_of_reach(seed: int, documents: int, terms: int, k: int):
    rng = np.random.default_rng(seed)
    base = rng.integers(0, 4, size=documents) * rng.integers(0, 2, size=documents) / 4
    shares = rng.integers(0, 3, size=(terms, documents)) / 4
    kept = np.array(list(product([0, 1], repeat=terms))).reshape(2**terms, terms)
    best = best_of_rows(base + kept @ shares, k)
    assert set(best[best >= 0]) <= set(within_reach(base, shares, k))


def test_a_document_out_of_reach_is_left_out():
    base, shares = np.array([5.0, 4.0, 1.0, 0.0]), np.array([[0.0, 0.0, 2.9, 0.0], [1.0, 0.0, 0.0, 4.0]])
    assert within_reach(base, shares, 2).tolist() == [0, 1, 3]


@given(st.integers(0, 2**32 - 1), st.integers(0, 200), st.integers(0, 6), st.integers(1, 5))
def test_ways_of_removal_have_the_values_of_their_points_with_numba_and_without(seed, documents, terms, points):
    """Scores are small multiples of 1/4: exact in any order of summation, and often equal."""
    rng = np.random.default_rng(seed)
    query = RemovalQuery(
        terms=np.arange(terms),
        weights=np.ones(terms),
        base=rng.integers(0, 4, size=documents) / 4,
        shares=rng.integers(0, 3, size=(terms, documents)) / 4,
        grades=rng.integers(0, 3, size=documents),
        judged=np.array([1, 2, 2]),
    )
    steps = rng.choice(np.append(np.arange(points), 255), size=(7, terms)).astype(np.uint8)
    measure = fast_measure("nDCG@3")
    expected = [query.values(steps <= point, measure) for point in range(points)]
    np.testing.assert_array_equal(query.along(steps, points, measure), np.transpose(expected))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib.util, "find_spec", lambda name: None)
        np.testing.assert_array_equal(query.along(steps, points, measure), np.transpose(expected))
