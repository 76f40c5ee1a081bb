"""Every fast path gives the potentials of the float64 log-domain reference, and decides what it decides."""

from __future__ import annotations

import importlib.util
import itertools
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sparsebench import Block, FitContext
from sparsebench.search import MatrixScores, ranges, scaled
from sparsebench_plugins.postprocessors import _append, _compiled, _sinkhorn, _sinkhorn_fused
from sparsebench_plugins.postprocessors._recut import recut
from sparsebench_plugins.postprocessors.inverted_softmax import InvertedSoftmax
from sparsebench_plugins.postprocessors.sinkhorn import Sinkhorn, SinkhornSingleQuery

Correct = Callable[..., np.ndarray]

NEVER = 2**62
REFERENCE = "float64, log domain (torch)"
LOG = "float64, log domain (numba)"
PRODUCTS = "float64 products (numba)"
SINGLE = "float32 products"
# In units of a score, for scores up to 5 or so.
TOLERANCE = {REFERENCE: 1e-12, LOG: 1e-12, PRODUCTS: 1e-12, SINGLE: 1e-5}

needs_numba = pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="numba is missing")
FAST = [pytest.param(path, marks=needs_numba) for path in (LOG, PRODUCTS, SINGLE)]


@contextmanager
def taking(path: str) -> Iterator[None]:
    """Whatever the size, this path is taken."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_compiled, "WORTH_LOADING", NEVER if path == REFERENCE else 0)
        patch.setattr(_sinkhorn, "FEW", 0 if path == SINGLE else NEVER)
        if path == LOG:
            patch.setattr(_sinkhorn, "_multiplied", lambda *args: None)
        if path == SINGLE:  # decided or not
            patch.setattr(_compiled.FirstPlaces, "decided", lambda places, bound: True)
        yield


def potentials(method: Sinkhorn, scores: np.ndarray, path: str, block: int = 50_000) -> np.ndarray:
    """tau LSE_i(L_ij + lu_i), in units of a score. Of paths with a limited reach, the next better where it ends."""
    with taking(path):
        state = method.fit(MatrixScores(scores, block=block), FitContext())
    taken = state.facts["potentials"]
    better = {SINGLE: (SINGLE, PRODUCTS, LOG), PRODUCTS: (PRODUCTS, LOG)}.get(path, (path,))
    assert taken.startswith(better if method.iterations > 1 else REFERENCE)
    return method.tau * state.arrays["lse"].numpy()


# Zeros are what a sparse model gives most pairs.
scores_of_a_model = st.one_of(st.just(0.0), st.floats(0, 3, width=32), st.floats(-1, 1, width=32))
matrices = arrays(np.float32, st.tuples(st.integers(2, 11), st.integers(1, 9)), elements=scores_of_a_model)


@pytest.mark.parametrize("path", FAST)
@settings(max_examples=60)
@given(
    scores=matrices,
    tau=st.sampled_from([1e-4, 0.01, 0.02, 0.05, 0.2, 1.0, 5.0]),
    iterations=st.integers(2, 12),
    order=st.sampled_from(["documents", "queries"]),
    block=st.integers(1, 9),
)
def test_potentials_are_those_of_the_reference(
    path: str, scores: np.ndarray, tau: float, iterations: int, order: str, block: int
) -> None:
    method = Sinkhorn(tau=tau, iterations=iterations, order=order)
    expected = potentials(method, scores, REFERENCE)
    np.testing.assert_allclose(potentials(method, scores, path, block), expected, rtol=0, atol=TOLERANCE[path])


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
    np.testing.assert_allclose(potentials(method, scores, path, block=700), expected, rtol=0, atol=TOLERANCE[path])


@pytest.mark.parametrize("path", FAST)
def test_more_documents_than_fit_a_tile_change_nothing(path: str) -> None:
    scores = model_scores(10, 40_000, seed=2)
    method = Sinkhorn(tau=0.2, iterations=5)
    expected = potentials(method, scores, REFERENCE)
    np.testing.assert_allclose(potentials(method, scores, path), expected, rtol=0, atol=TOLERANCE[path])


@needs_numba
def test_float32_is_off_by_no_more_than_it_states() -> None:
    for tau in (0.05, 0.5, 5.0):
        scores, method = model_scores(203, 1501, seed=1), Sinkhorn(tau=tau)
        exact = potentials(method, scores, REFERENCE) / tau
        off = potentials(method, scores, SINGLE) / tau - exact
        assert 0 < np.abs(off).max() <= _sinkhorn_fused.error(9, "float32")


@needs_numba
def test_float32_decides_first_places_or_float64_does() -> None:
    """Two documents whose keys are a millionth apart, and none of that kind."""
    scores = model_scores(60, 400, seed=3)
    method = Sinkhorn(tau=0.5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_compiled, "WORTH_LOADING", 0)
        patch.setattr(_sinkhorn, "FEW", 0)
        clear = method.fit(MatrixScores(scores), FitContext())
        near = np.concatenate([scores, scores[:, :1]], axis=1)
        near[7, [0, -1]] = 4, np.nextafter(np.float32(4), np.float32(5))
        unclear = method.fit(MatrixScores(near), FitContext())
    assert clear.facts["potentials"] == "float32 products, off by 1e-06 at most, first places decided (numba)"
    assert unclear.facts["potentials"] == PRODUCTS


@needs_numba
def test_documents_that_are_alike_are_a_tie_that_float32_decides_too() -> None:
    scores = model_scores(60, 400, seed=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_compiled, "WORTH_LOADING", 0)
        patch.setattr(_sinkhorn, "FEW", 0)
        state = Sinkhorn(tau=0.5).fit(MatrixScores(np.concatenate([scores, scores], axis=1)), FitContext())
    assert state.facts["potentials"].startswith(SINGLE)
    assert state.arrays["lse"][:400].equal(state.arrays["lse"][400:])


@needs_numba
@settings(max_examples=60)
@given(
    scores=matrices,
    tau=st.sampled_from([0.01, 0.3, 2.0]),
    block=st.integers(1, 9),
    floor=st.sampled_from([-math.inf, 0.0]),
)
def test_the_first_two_places_are_those_of_the_keys(
    corrected: Correct, scores: np.ndarray, tau: float, block: int, floor: float
) -> None:
    """Of inverted softmax: the keys are its scores, of documents above the floor."""
    blocks = MatrixScores(scores, block=block)
    state = InvertedSoftmax(tau=tau).fit(blocks, FitContext())
    shares = _compiled.Shares(*(state.arrays[name] for name in ("lse", "owner", "margin")))
    places = _compiled.FirstPlaces(len(scores), floor)
    for found in blocks:
        part = _compiled.Shares(shares.lse[found.columns], shares.owner[found.columns], shares.margin[found.columns])
        places.add(found.scores, tau, state.rows["lu"], part)
    keys = corrected(InvertedSoftmax(tau=tau), scores) / tau
    keys = np.where(keys > -math.log(2), keys + math.log(2), keys)
    for row, own in enumerate(keys):
        best = sorted(set(own[scores[row] > floor].round(9)), reverse=True) + [-math.inf] * 2
        np.testing.assert_allclose(places.best[row], best[0], atol=1e-8)
        assert places.second[row] <= places.best[row]
        if places.best[row] > places.second[row] + 1e-8:
            np.testing.assert_allclose(places.second[row], best[1], atol=1e-8)


@needs_numba
@pytest.mark.parametrize("path", [LOG, PRODUCTS])
def test_the_number_of_threads_changes_no_byte(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(_sinkhorn_fused, "WORTH_THREADS", 0)
    found = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        found.append(potentials(Sinkhorn(tau=0.1), model_scores(517, 300, seed=5), path).tobytes())
    assert len(set(found)) == 1


@pytest.mark.parametrize("path", [REFERENCE, *FAST])
def test_the_width_of_blocks_changes_no_byte_of_a_document(path: str) -> None:
    method, scores = InvertedSoftmax(tau=0.05), model_scores(517, 300, seed=5)
    found = []
    for block in (300, 7):
        with taking(path):
            found.append(method.fit(MatrixScores(scores, block=block), FitContext()).arrays["lse"])
    assert found[0].equal(found[1])


@needs_numba
def test_a_relaxed_marginal_is_computed_in_the_log_domain() -> None:
    scores, method = model_scores(20, 30, seed=6), Sinkhorn(tau=0.1, document_marginal=0.5)
    with taking(PRODUCTS):
        relaxed = method.fit(MatrixScores(scores), FitContext())
    assert relaxed.facts["potentials"] == LOG
    found, expected = method.tau * relaxed.arrays["lse"].numpy(), potentials(method, scores, REFERENCE)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@needs_numba
def test_what_does_not_fit_is_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sinkhorn_fused, "LARGEST", 4 * 20 * 30 - 1)
    scores, method = MatrixScores(model_scores(20, 30, seed=6)), Sinkhorn(tau=0.1)
    with taking(SINGLE):
        assert method.fit(scores, FitContext()).facts["potentials"] == REFERENCE
    monkeypatch.setattr(_sinkhorn_fused, "LARGEST", 4 * 20 * 30)
    with taking(PRODUCTS):
        assert method.fit(scores, FitContext()).facts["potentials"] == LOG, "float32 scores fit, their products do not"


def test_without_numba_rounds_are_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_compiled, "at_hand", lambda: False)
    with taking(PRODUCTS):
        state = Sinkhorn(tau=0.1).fit(MatrixScores(model_scores(20, 30, seed=6)), FitContext())
    assert state.facts["potentials"] == REFERENCE


@needs_numba
def test_products_give_up_where_they_may_miss_what_was_flushed() -> None:
    scores = model_scores(100, 200, seed=6)
    for tau, path in ((0.5, SINGLE), (0.01, PRODUCTS), (0.0005, LOG)):
        with taking(SINGLE):
            state = Sinkhorn(tau=tau).fit(MatrixScores(scores), FitContext())
        assert state.facts["potentials"].startswith(path)


@needs_numba
def test_a_bank_is_never_left_to_float32() -> None:
    """Nobody has seen yet whose first places it decides."""
    with taking(SINGLE):
        state = SinkhornSingleQuery(tau=0.5).fit(MatrixScores(model_scores(20, 30, seed=6)), FitContext())
    assert state.facts["potentials"] == PRODUCTS


@pytest.mark.parametrize("path", [REFERENCE, *FAST])
def test_a_scale_goes_into_the_temperature(path: str) -> None:
    scores, method = model_scores(20, 30, seed=6), Sinkhorn(tau=0.1)
    expected = potentials(Sinkhorn(tau=0.1 * 1.7), scores, path) / 1.7
    with taking(path):
        state = method.fit(scaled(MatrixScores(scores, block=7), 1.7), FitContext())
    np.testing.assert_allclose(0.1 * state.arrays["lse"].numpy(), expected, rtol=0, atol=TOLERANCE[path])


def keys(method: SinkhornSingleQuery, bank: np.ndarray, queries: np.ndarray, block: int = 50_000) -> np.ndarray:
    """S / tau + lv of `append`, (Q, D)."""
    state = method.fit(MatrixScores(bank, block=block), FitContext())
    found = method.row_stats(MatrixScores(queries, block=block), state)["lv"]
    return found.numpy() + queries.astype(np.float64) / method.tau


def alone(method: SinkhornSingleQuery, bank: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """The same, query by query in the log domain."""
    state = method.fit(MatrixScores(bank), FitContext())
    lv = [method._appended(state.blocks, own)[0].numpy() for own in torch.from_numpy(queries)]
    return np.stack(lv) + queries.astype(np.float64) / method.tau


@settings(max_examples=150, deadline=None)
@given(
    data=st.data(),
    tau=st.sampled_from([0.01, 0.02, 0.05, 0.2, 1.0, 5.0]),
    iterations=st.integers(1, 12),
    order=st.sampled_from(["documents", "queries"]),
    block=st.integers(1, 9),
    at_once=st.integers(1, 30),
    single=st.booleans(),
)
def test_queries_appended_together_are_those_appended_one_by_one(
    data: st.DataObject, tau: float, iterations: int, order: str, block: int, at_once: int, single: bool
) -> None:
    bank = data.draw(matrices)
    own = arrays(np.float32, st.tuples(st.integers(1, 5), st.just(bank.shape[1])), elements=scores_of_a_model)
    queries = data.draw(own)
    method = SinkhornSingleQuery(tau=tau, iterations=iterations, order=order, mode="append")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_append, "PAIRS_AT_ONCE", at_once)
        patch.setattr(_append, "REFERENCE_PAIRS", 0 if single else NEVER)
        found = keys(method, bank, queries, block)
    expected = alone(method, bank, queries)
    np.testing.assert_allclose(found, expected, rtol=0, atol=_append.UNDECIDED if single else 1e-9)


@pytest.mark.parametrize("tau", [0.01, 0.1, 1.0])
def test_queries_appended_in_float32_are_off_by_a_tenth_of_what_is_allowed(
    tau: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_append, "REFERENCE_PAIRS", 0)
    monkeypatch.setattr(_append, "_undecided", lambda keys, candidates, bound: torch.zeros(len(keys)).bool())
    scores, method = model_scores(60, 1500, seed=7), SinkhornSingleQuery(tau=tau, mode="append")
    found, expected = keys(method, scores[:50], scores[50:], 400), alone(method, scores[:50], scores[50:])
    assert 0 < np.abs(found - expected).max() < _append.UNDECIDED / 10


def test_where_float32_cannot_tell_the_first_place_float64_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_append, "REFERENCE_PAIRS", 0)
    scores, method = model_scores(60, 300, seed=7), SinkhornSingleQuery(tau=0.5, mode="append")
    scores[-1, 0] = 4
    scores[:, -1] = scores[:, 0]
    scores[-1, -1] = np.nextafter(np.float32(4), np.float32(5))  # a key 1e-6 above that of its twin
    seen = []
    run = _append._run

    def counting(bank: object, own: torch.Tensor, *, dtype: torch.dtype, **rest: object) -> object:
        seen.append((dtype, len(own)))
        return run(bank, own, dtype=dtype, **rest)

    monkeypatch.setattr(_append, "_run", counting)
    found = keys(method, scores[:50], scores[50:])
    assert seen == [(torch.float32, 10), (torch.float64, 1)]
    assert found[-1].argmax() == alone(method, scores[:50], scores[-1:])[0].argmax() == 299


def test_a_bank_that_does_not_fit_is_read_again_each_round(monkeypatch: pytest.MonkeyPatch) -> None:
    scores, method = model_scores(60, 700, seed=7), SinkhornSingleQuery(tau=0.05, mode="append")
    kept = keys(method, scores[:50], scores[50:], 400)
    monkeypatch.setattr(_append, "fits", lambda *size: False)
    assert keys(method, scores[:50], scores[50:], 400).tobytes() == kept.tobytes()


@pytest.mark.parametrize("single", [True, False], ids=["float32", "float64"])
@pytest.mark.parametrize("order", ["documents", "queries"])
def test_the_width_of_blocks_changes_no_byte_of_what_is_appended(
    single: bool, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_append, "PAIRS_AT_ONCE", 50 * 130)
    monkeypatch.setattr(_append, "REFERENCE_PAIRS", 0 if single else NEVER)
    monkeypatch.setattr(_append, "_undecided", lambda keys, candidates, bound: torch.zeros(len(keys)).bool())
    scores, method = model_scores(60, 700, seed=7), SinkhornSingleQuery(tau=0.05, order=order, mode="append")
    expected = keys(method, scores[:50], scores[50:], 700).tobytes()
    for width in (1, 64, 131, 256, 400):
        assert keys(method, scores[:50], scores[50:], width).tobytes() == expected, width


@given(widths=st.lists(st.integers(1, 9), min_size=1, max_size=8), width=st.integers(1, 12))
def test_parts_are_cut_at_the_same_documents_whatever_blocks_they_come_in(widths: list[int], width: int) -> None:
    whole = torch.arange(2 * sum(widths)).float().reshape(2, -1)
    ends = np.cumsum([0, *widths])
    blocks = [Block(slice(a, b), whole[:, a:b]) for a, b in itertools.pairwise(ends.tolist())]
    parts = [part for some in recut(blocks, width) for part in some]
    assert [part.columns for part in parts] == list(ranges(whole.shape[1], width))
    assert torch.equal(torch.cat([part.scores for part in parts], dim=1), whole)


def test_a_query_beyond_the_reach_of_products_is_appended_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_append, "REFERENCE_PAIRS", 0)
    for name in ("IN_FLOAT32", "IN_FLOAT64"):
        reach = getattr(_append, name)
        monkeypatch.setattr(_append, name, _append.Reach(reach.flushed, reach.large, sound=1.0))
    scores, method = model_scores(12, 60, seed=8), SinkhornSingleQuery(tau=0.05, mode="append")
    np.testing.assert_array_equal(keys(method, scores[:9], scores[9:]), alone(method, scores[:9], scores[9:]))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_gives_the_potentials_of_the_reference() -> None:
    scores, method = model_scores(203, 1501, seed=1), Sinkhorn(tau=0.05)
    expected = potentials(method, scores, REFERENCE)
    state = method.fit(MatrixScores(scores, block=700, device="cuda"), FitContext())
    np.testing.assert_allclose(method.tau * state.arrays["lse"].cpu().numpy(), expected, rtol=0, atol=1e-11)
    bank, single = MatrixScores(scores[:200], device="cuda"), SinkhornSingleQuery(tau=0.05, mode="append")
    found = single.row_stats(MatrixScores(scores[200:], device="cuda"), single.fit(bank, FitContext()))["lv"]
    own = found.cpu().numpy() + scores[200:].astype(np.float64) / 0.05
    np.testing.assert_allclose(own, alone(single, scores[:200], scores[200:]), rtol=0, atol=_append.UNDECIDED)
