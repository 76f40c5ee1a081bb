"""The fast way against the plain one: take entries out of the query vectors, search again, measure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from sparsebench.measures import measure
from sparsebench.measures.fast import fast_measure
from sparsebench.rank import to_run
from sparsebench.types import Topics
from sparsebench_plugins.analyzers.removal.effects import ArmEffects, Effects, measure_effects
from sparsebench_plugins.analyzers.removal.queries import removal_queries

WORDS = [f"w{i}" for i in range(12)]
GRID = np.array([1, 2, 4, 6])


@pytest.fixture(scope="session")
def collection(make_context, word_vocabulary):
    """Builds 40 documents and 6 queries of two words that expand to five more; weights make many ties."""

    def build(seed: int):
        rng = np.random.default_rng(seed)
        vocabulary = word_vocabulary(WORDS)
        dense = rng.integers(0, 3, size=(40, 12)) * rng.integers(0, 2, size=(40, 12)) / 4
        texts = [" ".join(rng.choice(WORDS, size=2, replace=False)) for _ in range(6)]
        expanded = [
            dict.fromkeys(text.split(), 0.5)
            | {str(word): weight / 4 for word, weight in zip(rng.choice(WORDS, size=5), range(1, 6), strict=True)}
            for text in texts
        ]
        context = make_context(
            vocabulary=vocabulary,
            texts=[""] * 40,
            encode_queries=lambda _: vocabulary.vectors(expanded),
            document_vectors=csr_array(dense.astype(np.float32)),
            test=texts,
        )
        qrels = {f"t{i}": {f"d{d}": int(rng.integers(0, 4)) for d in rng.choice(40, 12)} for i in range(6)}
        return replace(context, test=Topics(context.test.queries, qrels))

    return build


def by_brute_force(context, name: str, removed: set[int]) -> np.ndarray:
    """The measure (Q,) when the ids `removed` leave the expansion of every query."""
    vectors = context.query_vectors.toarray()
    for row, query in zip(vectors, context.test.queries, strict=True):
        own = set(context.vocabulary.token_ids([query.text])[0])
        row[list(removed - own)] = 0
    ranking = context.search(csr_array(vectors), 10)
    query_ids = [query.query_id for query in context.test.queries]
    values = measure(to_run(ranking, query_ids, context.doc_ids), context.test.qrels, [name])[name]
    return np.array([values[query_id] for query_id in query_ids])


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["nDCG@10", "nDCG@3", "RR@10", "R@5"]))
def test_effects_equal_those_of_searching_again(collection, seed: int, name: str):
    context = collection(seed)
    terms = np.sort(np.random.default_rng(seed).choice(12, size=6, replace=False))
    orders = np.array([np.random.default_rng(seed + row).permutation(6) for row in range(3)])
    steps = np.searchsorted(GRID, orders, side="right").astype(np.uint8)
    wanted = fast_measure(name)
    found = measure_effects(removal_queries(context, depth=wanted.cutoff), terms, {"arm": steps}, GRID, wanted)
    before = by_brute_force(context, name, set())
    effects = np.array(
        [[by_brute_force(context, name, set(terms[order < k])) - before for k in GRID] for order in orders]
    )  # (R, G, Q)
    assert found.before == pytest.approx(before, abs=1e-12)
    assert found.all_expansion == pytest.approx(by_brute_force(context, name, set(range(12))) - before, abs=1e-12)
    assert found.arms["arm"].by_repetition == pytest.approx(effects.mean(axis=2), abs=1e-12)
    assert found.arms["arm"].by_query == pytest.approx(effects.mean(axis=0).T, abs=1e-12)


def test_the_mass_is_the_removed_share_of_all_expansion_weight(collection):
    context = collection(0)
    wanted = fast_measure("nDCG@10")
    everything = np.searchsorted(np.array([6, 12]), np.arange(12)[None], side="right").astype(np.uint8)
    queries = list(removal_queries(context, depth=10))
    found = measure_effects(queries, np.arange(12), {"arm": everything}, np.array([6, 12]), wanted)
    weights = [(term, weight) for query in queries for term, weight in zip(query.terms, query.weights, strict=True)]
    first_six = sum(weight for term, weight in weights if term < 6) / sum(weight for _, weight in weights)
    assert found.arms["arm"].mass == pytest.approx(np.array([[first_six, 1.0]]))


def arm(*curves: list[float]) -> ArmEffects:
    """An arm of one query on a grid of two points."""
    by_repetition = np.array(curves)
    return ArmEffects(
        by_repetition, by_repetition.mean(axis=0, keepdims=True), np.zeros_like(by_repetition), np.array([0.5, 0.5])
    )


def test_the_statistic_p_and_the_difference_by_hand():
    matched = arm([-0.2, -0.2], [0, -0.2], [0.0, 0.0], [0.1, 0.0])
    effects = Effects(np.zeros(1), np.zeros(1), {"wackiest": arm([-0.2, 0.0]), "matched": matched})
    assert effects.arms["wackiest"].statistics.tolist() == [-0.1]
    assert matched.statistics == pytest.approx([-0.2, -0.1, 0, 0.05])
    assert effects.p == (1 + 2) / (4 + 1)  # as harmful or more: -0.2 and -0.1
    assert effects.beyond_matched == pytest.approx([-0.1 + 0.25 / 4])


def test_a_query_without_expansion_loses_nothing(collection):
    context = collection(0)
    vectors = context.query_vectors.toarray()
    own = context.vocabulary.token_ids([context.test.queries[0].text])[0]
    vectors[0, np.setdiff1d(np.arange(12), own)] = 0
    context = replace(context, query_vectors=csr_array(vectors))
    steps = {"wackiest": np.zeros((1, 12), dtype=np.uint8)}
    measured = fast_measure("nDCG@10")
    effects = measure_effects(removal_queries(context, depth=10), np.arange(12), steps, GRID, measured)
    assert (effects.arms["wackiest"].by_query[0] == 0).all()
    assert effects.all_expansion[0] == 0
    assert (effects.arms["wackiest"].by_query[1:] != 0).any()
