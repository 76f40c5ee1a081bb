"""The candidate pool (METHODS 3.4, 3.8): the best documents of each fitting query, and a floor for the rest."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

import toys
from sparsebench import FitContext, Postprocessor
from sparsebench.errors import ScoreError
from sparsebench.progress import Silent
from sparsebench.rank import read_trec
from sparsebench.records import SuiteFolder
from sparsebench.registry.parameters import ParameterError, validate
from sparsebench.runner import Runner
from sparsebench.search import MatrixScores
from sparsebench.store import Store
from sparsebench_plugins.postprocessors._pool import pool_of
from sparsebench_plugins.postprocessors.dsl import Dsl, DslSingleQuery
from sparsebench_plugins.postprocessors.inverted_softmax import InvertedSoftmax, InvertedSoftmaxSingleQuery
from sparsebench_plugins.postprocessors.sinkhorn import Sinkhorn, SinkhornSingleQuery

Correct = Callable[..., np.ndarray]

# Multiples of 1/64 are exact in float32, and so are their sums.
sixty_fourths = st.integers(-192, 192).map(lambda n: n / 64)
shapes = st.tuples(st.integers(2, 6), st.integers(1, 7))
matrices = arrays(np.float64, shapes, elements=sixty_fourths)
sparse = arrays(np.float64, shapes, elements=st.one_of(st.just(0.0), st.integers(1, 192).map(lambda n: n / 64)))
temperatures = st.floats(0.05, 2)
sizes = st.integers(1, 8)
METHODS = [Dsl, InvertedSoftmax, Sinkhorn]
UNSEEN = -math.inf


def close(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def as_dense(corrected: np.ndarray, tau: float, *, floors: bool) -> np.ndarray:
    """x, whether x - log 2 stands for it or, beside floors, -log 2 / (1 + x), or below 0 -softplus(-x)."""
    key, log_2 = corrected / tau, math.log(2)
    share = np.minimum(key, -log_2)
    small = share - np.log1p(-np.exp(share))
    large = -log_2 / np.clip(key, -log_2, -1e-300) - 1 if floors else key + log_2
    return np.where(key > -log_2, large, small)


def filled(scores: np.ndarray, size: int) -> np.ndarray:
    """A dense matrix with the floor (the mean of a row's scores left out) in the place of all that is not pooled."""
    least = -np.sort(-scores, axis=1)[:, min(size, scores.shape[1]) - 1][:, None]
    others = np.where(scores < least, scores, np.nan)
    with np.errstate(invalid="ignore"):
        floors = np.array([row[~np.isnan(row)].mean() if (~np.isnan(row)).any() else 0 for row in others])
    return np.where(scores < least, floors[:, None], scores)


def test_a_pool_by_hand() -> None:
    blocks = MatrixScores(np.array([[3.0, 1.0, 2.0, 0.0], [1.0, 1.0, 1.0, 5.0]]), block=3)
    pool = pool_of(blocks, 2)
    assert list(zip(pool.rows.tolist(), pool.documents.tolist(), pool.scores.tolist(), strict=True)) == [
        (0, 0, 3.0),
        (0, 2, 2.0),
        (1, 0, 1.0),  # three tie at the second place: all are in
        (1, 1, 1.0),
        (1, 2, 1.0),
        (1, 3, 5.0),
    ]
    assert pool.floors.tolist() == [0.5, 1.0]  # the mean of 1 and 0; nothing is left out of the other


def test_the_floor_of_sparse_vectors_is_0_whatever_the_pool() -> None:
    pool = pool_of(MatrixScores(np.array([[3.0, 1.0, 2.0, 0.0], [0.0, 0.0, 0.0, 0.0]]), floor=0.0), 1)
    assert (pool.rows.tolist(), pool.documents.tolist(), pool.floors.tolist()) == ([0], [0], [0, 0])


def test_in_a_run_an_unseen_document_scores_as_the_last_one_listed_and_a_query_without_any_is_left_out() -> None:
    run = csr_array(np.array([[3.0, 1.0, 2.0, 0.0], [0.0, 0.0, 0.0, 0.0], [-1.0, 0.0, -2.0, 0.0]]))
    pool = pool_of(MatrixScores(run, block=2), 2)
    assert pool.shape == (2, 4)
    assert (pool.rows.tolist(), pool.documents.tolist()) == ([0, 0, 1, 1], [0, 2, 0, 2])
    assert pool.floors.tolist() == [1.0, -2.0]


@pytest.mark.parametrize("method", METHODS)
@settings(deadline=None)
@given(scores=matrices, tau=temperatures)
def test_a_pool_of_all_documents_is_dense(
    corrected: Correct, method: type[Dsl], scores: np.ndarray, tau: float
) -> None:
    pooled, dense = (corrected(method(tau=tau, pool=pool), scores) for pool in (scores.shape[1], None))
    if method is not Dsl:
        pooled, dense = as_dense(pooled, tau, floors=True), as_dense(dense, tau, floors=False)
    close(pooled, dense)


@pytest.mark.parametrize("method", METHODS)
@settings(deadline=None)
@given(scores=matrices, tau=temperatures, size=sizes)
def test_pairs_outside_the_pool_count_with_their_floor(
    method: type[Dsl], scores: np.ndarray, tau: float, size: int
) -> None:
    pooled = method(tau=tau, pool=size).fit(MatrixScores(scores), FitContext()).arrays["lse"]
    dense = method(tau=tau).fit(MatrixScores(filled(scores, size)), FitContext()).arrays["lse"]
    np.testing.assert_allclose(pooled.numpy(), dense.numpy(), rtol=0, atol=1e-9 / tau)


@pytest.mark.parametrize("order", ["documents", "queries"])
@settings(deadline=None)
@given(scores=sparse, tau=st.sampled_from([0.001, 0.05, 0.4, 2.0]))
def test_a_pool_of_every_score_above_0_is_dense_for_sparse_vectors(
    corrected: Correct, order: str, scores: np.ndarray, tau: float
) -> None:
    longest = max(1, int((scores > 0).sum(axis=1).max()))
    pooled = corrected(Sinkhorn(tau=tau, order=order, pool=longest), scores, floor=0.0)
    dense = corrected(Sinkhorn(tau=tau, order=order), scores, floor=0.0)
    close(as_dense(pooled, tau, floors=True), as_dense(dense, tau, floors=False))


def test_a_document_that_no_query_retrieves_has_a_bounded_potential() -> None:
    run = MatrixScores(csr_array(np.array([[5.0, 4.0, 0.0], [4.0, 5.0, 0.0]])))
    lse = Sinkhorn(tau=0.01, pool=2).fit(run, FitContext()).arrays["lse"]
    assert bool(lse.isfinite().all())
    assert lse[2] < lse[0], "the less a document is asked for, the more it is lifted"


@pytest.mark.parametrize("method", [DslSingleQuery, InvertedSoftmaxSingleQuery, SinkhornSingleQuery])
def test_a_run_is_corrected_from_a_run_and_unseen_documents_stay_unranked(
    corrected: Correct, method: type[Dsl]
) -> None:
    bank = np.array([[1.0, UNSEEN, 0.5], [1.0, 0.5, UNSEEN]])
    found = corrected(method(tau=0.5, pool=5), np.array([[1.0, 0.9, UNSEEN]]), bank=bank)
    assert found[0, 2] == UNSEEN
    assert found[0, 1] > found[0, 0], "the hub of the bank loses"


def test_a_run_without_any_score_teaches_nothing() -> None:
    nothing = MatrixScores(np.full((3, 4), UNSEEN))
    with pytest.raises(ScoreError, match="the bank is empty"):
        SinkhornSingleQuery(tau=1.0, pool=2).fit(nothing, FitContext())
    with pytest.raises(ScoreError, match="at least 2 of them"):
        Sinkhorn(tau=1.0, pool=2).fit(nothing, FitContext())


def test_append_reads_whole_rows_so_it_takes_no_pool() -> None:
    with pytest.raises(ParameterError, match=r"`mode: append` reads whole rows.*use `mode: frozen`"):
        validate(SinkhornSingleQuery, {"tau": 1.0, "mode": "append", "pool": 10})


def recall_at_1(corrected: np.ndarray) -> float:
    return round(100 * float((corrected.argmax(axis=1) == np.arange(len(corrected))).mean()), 1)


@pytest.mark.parametrize(
    ("dense", "pooled"),
    [(method(tau=0.05), method(tau=0.05, pool=size)) for method in METHODS for size in (50, 100)],
)
def test_fifty_documents_a_query_are_enough_on_real_captions(
    corrected: Correct, similarities: np.ndarray, dense: Postprocessor, pooled: Postprocessor
) -> None:
    whole, part = (recall_at_1(corrected(method, similarities)) for method in (dense, pooled))
    assert part == pytest.approx(whole, abs=0.5)


def test_a_pool_smaller_than_the_depth_shortens_no_run(tmp_path: Path) -> None:
    extra = "models: [words]\ncandidates: all\npostprocessors: [{name: sinkhorn, tau: 0.5, pool: 1}]\n"
    suite = toys.write_suite(tmp_path / "toy.yaml", toys.write_collection(tmp_path / "fruit"), extra)
    store = Store(tmp_path / "store")
    (record,) = Runner(store, tmp_path / "runs", Silent()).run(toys.plan_suite(suite, store)).records
    assert record.status == "ok", record.error
    run = read_trec(SuiteFolder(tmp_path / "runs/toy").run(record.key))
    assert {query: len(hits) for query, hits in run.items()} == dict.fromkeys(("q1", "q2", "q3", "q4"), 4)
