"""Every fast path gives the potentials of the float64 log-domain reference, within 1e-4 of a score."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sparsebench import FitContext
from sparsebench.search import MatrixScores
from sparsebench_plugins.postprocessors import _append, _potentials, _sinkhorn, _sinkhorn_fused
from sparsebench_plugins.postprocessors.sinkhorn import Sinkhorn, SinkhornSingleQuery

Correct = Callable[..., np.ndarray]

NEVER = 2**62
TOLERANCE = 1e-5
REFERENCE = "float64, log domain (torch)"
STREAMED = "float32, log domain (torch)"
FUSED = "float32, fused rounds (numba)"

needs_numba = pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="numba (extra [fast]) is missing")
FAST = [STREAMED, pytest.param(FUSED, marks=needs_numba)]


@contextmanager
def taking(path: str) -> Iterator[None]:
    """Whatever the size, this path is taken."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_potentials, "REFERENCE_PAIRS", NEVER if path == REFERENCE else 0)
        patch.setattr(_sinkhorn_fused, "WORTH_LOADING", 0 if path == FUSED else NEVER)
        yield


def potentials(method: Sinkhorn, scores: np.ndarray, path: str, block: int = 50_000) -> np.ndarray:
    """lv in units of a score."""
    with taking(path):
        state = method.fit(MatrixScores(scores, block=block), FitContext())
    assert state.facts["potentials"] == path
    return method.tau * state.arrays["lv"].numpy()


# Zeros are what a sparse model gives most pairs.
scores_of_a_model = st.one_of(st.just(0.0), st.floats(0, 3, width=32), st.floats(-1, 1, width=32))
matrices = arrays(np.float32, st.tuples(st.integers(2, 11), st.integers(1, 9)), elements=scores_of_a_model)


@pytest.mark.parametrize("path", FAST)
@settings(max_examples=150)
@given(
    scores=matrices,
    tau=st.sampled_from([0.01, 0.02, 0.05, 0.2, 1.0, 5.0]),
    iterations=st.integers(2, 12),
    order=st.sampled_from(["documents", "queries"]),
    block=st.integers(1, 9),
)
def test_potentials_are_those_of_the_reference(
    path: str, scores: np.ndarray, tau: float, iterations: int, order: str, block: int
) -> None:
    method = Sinkhorn(tau=tau, iterations=iterations, order=order)
    expected = potentials(method, scores, REFERENCE)
    np.testing.assert_allclose(potentials(method, scores, path, block), expected, rtol=0, atol=TOLERANCE)


def model_scores(queries: int, documents: int, seed: int) -> np.ndarray:
    """Most pairs score 0; some queries score higher than others, and some documents whatever the query."""
    generator = np.random.default_rng(seed)
    scores = generator.gamma(1, 0.3, (queries, documents)) * (generator.random((queries, documents)) < 0.2)
    scores = scores * generator.gamma(2, 1, (queries, 1)) + generator.gamma(1, 0.3, (1, documents))
    return scores.astype(np.float32)


@pytest.mark.parametrize("path", FAST)
@pytest.mark.parametrize("tau", [0.01, 0.1, 1.0])
@pytest.mark.parametrize("order", ["documents", "queries"])
def test_potentials_of_a_larger_matrix_are_those_of_the_reference(path: str, tau: float, order: str) -> None:
    scores = model_scores(203, 1501, seed=1)
    method = Sinkhorn(tau=tau, order=order)
    expected = potentials(method, scores, REFERENCE)
    np.testing.assert_allclose(potentials(method, scores, path, block=700), expected, rtol=0, atol=TOLERANCE)


@needs_numba
def test_more_documents_than_fit_a_tile_change_nothing() -> None:
    scores = model_scores(10, 40_000, seed=2)
    method = Sinkhorn(tau=0.2, iterations=5)
    expected = potentials(method, scores, REFERENCE)
    np.testing.assert_allclose(potentials(method, scores, FUSED), expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("path", FAST)
def test_the_order_of_documents_differs_only_where_scores_are_as_good_as_equal(corrected: Correct, path: str) -> None:
    scores, method = model_scores(100, 800, seed=3), Sinkhorn(tau=0.05)
    with taking(REFERENCE):
        expected = corrected(method, scores)
    with taking(path):
        found = corrected(method, scores)
    best_first = np.argsort(-found, axis=1)
    descent = -np.diff(np.take_along_axis(expected, best_first, axis=1), axis=1)
    assert descent.min() > -1e-4


@needs_numba
def test_potentials_that_drift_are_absorbed(monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    absorb = _sinkhorn_fused.Scaled._absorb

    def counting(scaled: _sinkhorn_fused.Scaled, lu: np.ndarray, lv: np.ndarray) -> None:
        written.append(1)
        absorb(scaled, lu, lv)

    monkeypatch.setattr(_sinkhorn_fused.Scaled, "_absorb", counting)
    scores = model_scores(50, 400, seed=4)
    potentials(Sinkhorn(tau=1.0), scores, FUSED)
    assert len(written) == 1, "once written, K serves all rounds"
    potentials(Sinkhorn(tau=0.005), scores, FUSED)
    assert len(written) > 2


@needs_numba
def test_the_number_of_threads_changes_no_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sinkhorn_fused, "WORTH_THREADS", 0)
    found = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        found.append(potentials(Sinkhorn(tau=0.1), model_scores(517, 300, seed=5), FUSED).tobytes())
    assert len(set(found)) == 1


@needs_numba
def test_what_does_not_fit_and_what_is_relaxed_is_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = model_scores(20, 30, seed=6)
    with taking(FUSED):
        relaxed = Sinkhorn(tau=0.1, document_marginal=0.5).fit(MatrixScores(scores), FitContext())
        assert relaxed.facts["potentials"] == STREAMED
        monkeypatch.setattr(_sinkhorn_fused, "LARGEST", 4 * 20 * 30 - 1)
        assert Sinkhorn(tau=0.1).fit(MatrixScores(scores), FitContext()).facts["potentials"] == STREAMED


def test_without_numba_rounds_are_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with taking(FUSED):
        state = Sinkhorn(tau=0.1).fit(MatrixScores(model_scores(20, 30, seed=6)), FitContext())
    assert state.facts["potentials"] == STREAMED


def test_potentials_beyond_float32_are_computed_in_the_log_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sinkhorn_fused, "pays", lambda kernel, device, rounds: True)
    monkeypatch.setattr(_sinkhorn_fused, "fused_rounds", lambda kernel, lu, lv, rounds: lv * math.nan)
    scores, method = model_scores(20, 30, seed=6), Sinkhorn(tau=0.1)
    with taking(STREAMED):
        state = method.fit(MatrixScores(scores), FitContext())
    assert state.facts["potentials"] == STREAMED
    expected = potentials(method, scores, REFERENCE)
    np.testing.assert_allclose(method.tau * state.arrays["lv"].numpy(), expected, rtol=0, atol=TOLERANCE)


def appended(method: SinkhornSingleQuery, bank: np.ndarray, queries: np.ndarray, path: str, block: int) -> np.ndarray:
    """lv (Q, D) in units of a score."""
    with taking(path):
        state = method.fit(MatrixScores(bank, block=block), FitContext())
        found = method.row_stats(MatrixScores(queries, block=block), state)["lv"]
    assert ("batches" in state.facts["potentials"]) == (path == STREAMED)
    return method.tau * found.numpy()


@settings(max_examples=150)
@given(
    data=st.data(),
    tau=st.sampled_from([0.01, 0.02, 0.05, 0.2, 1.0, 5.0]),
    iterations=st.integers(1, 12),
    order=st.sampled_from(["documents", "queries"]),
    block=st.integers(1, 9),
    at_once=st.integers(1, 30),
)
def test_queries_appended_together_are_those_appended_one_by_one(
    data: st.DataObject, tau: float, iterations: int, order: str, block: int, at_once: int
) -> None:
    bank = data.draw(matrices)
    own = arrays(np.float32, st.tuples(st.integers(1, 5), st.just(bank.shape[1])), elements=scores_of_a_model)
    queries = data.draw(own)
    method = SinkhornSingleQuery(tau=tau, iterations=iterations, order=order, mode="append")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_append, "PAIRS_AT_ONCE", at_once)
        found = appended(method, bank, queries, STREAMED, block)
    np.testing.assert_allclose(found, appended(method, bank, queries, REFERENCE, 50), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("tau", [0.01, 0.1, 1.0])
def test_queries_appended_to_a_larger_bank_are_those_appended_one_by_one(tau: float) -> None:
    scores, method = model_scores(60, 1500, seed=7), SinkhornSingleQuery(tau=tau, mode="append")
    found = appended(method, scores[:50], scores[50:], STREAMED, 400)
    np.testing.assert_allclose(found, appended(method, scores[:50], scores[50:], REFERENCE, 400), rtol=0, atol=1e-5)


def test_a_bank_that_does_not_fit_is_read_again_each_round(monkeypatch: pytest.MonkeyPatch) -> None:
    scores, method = model_scores(60, 700, seed=7), SinkhornSingleQuery(tau=0.05, mode="append")
    kept = appended(method, scores[:50], scores[50:], STREAMED, 400)
    monkeypatch.setattr(_append, "fits", lambda queries, documents: False)
    assert appended(method, scores[:50], scores[50:], STREAMED, 400).tobytes() == kept.tobytes()


def test_a_query_beyond_float32_is_appended_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_append, "SOUND", 1.0)
    scores, method = model_scores(12, 60, seed=8), SinkhornSingleQuery(tau=0.05, mode="append")
    _, sound = _append.append_potentials(
        _potentials.Streamed(MatrixScores(scores[:9]), 0.05),
        torch.from_numpy(scores[9:]),
        iterations=3,
        order="documents",
    )
    assert not sound.any()
    single = []
    found_alone = _sinkhorn.sinkhorn_potentials
    monkeypatch.setattr(
        "sparsebench_plugins.postprocessors.sinkhorn.sinkhorn_potentials",
        lambda *args, **params: single.append(1) or found_alone(*args, **params),
    )
    found = appended(method, scores[:9], scores[9:], STREAMED, 50)
    assert len(single) == 3
    np.testing.assert_allclose(found, appended(method, scores[:9], scores[9:], REFERENCE, 50), rtol=0, atol=TOLERANCE)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_gives_the_potentials_of_the_reference() -> None:
    scores, method = model_scores(203, 1501, seed=1), Sinkhorn(tau=0.05)
    expected = potentials(method, scores, REFERENCE)
    with taking(STREAMED):
        state = method.fit(MatrixScores(scores, block=700, device="cuda"), FitContext())
    np.testing.assert_allclose(method.tau * state.arrays["lv"].cpu().numpy(), expected, rtol=0, atol=TOLERANCE)
    bank, single = MatrixScores(scores[:200], device="cuda"), SinkhornSingleQuery(tau=0.05, mode="append")
    found = single.row_stats(MatrixScores(scores[200:], device="cuda"), single.fit(bank, FitContext()))["lv"]
    alone = appended(single, scores[:200], scores[200:], REFERENCE, 2000)
    np.testing.assert_allclose(0.05 * found.cpu().numpy(), alone, rtol=0, atol=TOLERANCE)
