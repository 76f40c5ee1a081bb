from __future__ import annotations

import numpy as np
import pytest

from sparsebench.contracts import NotApplicable
from sparsebench.types import Query
from sparsebench_plugins.analyzers.wackiness.rankers import bm25_top, rank
from sparsebench_plugins.analyzers.wackiness.sample import ScoringQueries

WORDS = ["apple", "banana", "cherry"]
TEXTS = ["apple", "banana apple", "cherry", "apple apple", "Apples, bananas!"]


def judged(qrels: dict[str, dict[str, int]]) -> ScoringQueries:
    return ScoringQueries("train", tuple(Query(query_id, "apple") for query_id in ("x", "y")), qrels)


def test_self_is_the_models_own_search(toy_context):
    context = toy_context(WORDS, TEXTS, ["apple"])
    scoring = ScoringQueries("test", context.test.queries, {})
    ranked = rank(context, scoring, context.query_vectors, ranker="self", depth=2)
    assert ranked.tolist() == [[3, 1]]  # d0, d1 and d3 have the same score: doc_id descending


def test_qrels_ranks_by_grade_then_doc_id_descending_and_only_what_is_relevant_and_in_the_corpus(toy_context):
    context = toy_context(WORDS, TEXTS, ["apple"])
    scoring = judged({"x": {"d0": 1, "d1": 2, "d2": 0, "d3": 1, "gone": 2, "d4": -1}})
    ranked = rank(context, scoring, context.query_vectors, ranker="qrels", depth=100)
    assert ranked.tolist() == [[1, 3, 0], [-1, -1, -1]]


def test_qrels_stops_at_the_depth(toy_context):
    context = toy_context(WORDS, TEXTS, ["apple"])
    scoring = judged({"x": {"d0": 1, "d1": 2}, "y": {"d2": 1}})
    assert rank(context, scoring, context.query_vectors, ranker="qrels", depth=1).tolist() == [[1], [2]]


def test_qrels_without_judgments_is_not_applicable_and_says_what_would_be(toy_context):
    context = toy_context(WORDS, TEXTS, ["apple"])
    with pytest.raises(NotApplicable, match="'train' have no judgments; use scoring_queries: train or test"):
        rank(context, judged({}), context.query_vectors, ranker="qrels", depth=1)


def test_bm25_ranks_stems_by_lucenes_formula_and_breaks_ties_by_doc_id_descending():
    doc_ids = np.array([b"a", b"e", b"c", b"b", b"d"])
    ranked = bm25_top(TEXTS, ["APPLE", "banana", "durian", ""], doc_ids, depth=5)
    # apple: twice, then once in a document of one word, then the tie of two documents of two words: e before d
    assert ranked[0].tolist() == [3, 0, 1, 4, -1]
    assert ranked[1].tolist() == [1, 4, -1, -1, -1]
    assert ranked[2].tolist() == ranked[3].tolist() == [-1] * 5


def test_bm25_cut_inside_a_tie_keeps_the_greater_doc_ids():
    doc_ids = np.array([b"%03d" % i for i in range(200)])
    ranked = bm25_top(["tie"] * 200, ["tie"], doc_ids, depth=3)
    assert ranked.tolist() == [[199, 198, 197]]


def test_bm25_is_reached_through_the_ranker(toy_context):
    context = toy_context(WORDS, TEXTS, ["banana"])
    scoring = ScoringQueries("test", context.test.queries, {})
    assert rank(context, scoring, context.query_vectors, ranker="bm25", depth=1).tolist() == [[4]]
