"""Sinkhorn over all test queries, and over a bank (METHODS 3.3, 3.4)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import ot
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sparsebench import FitContext
from sparsebench.errors import ScoreError
from sparsebench.search import MatrixScores
from sparsebench_plugins.postprocessors.sinkhorn import Sinkhorn, SinkhornSingleQuery

Correct = Callable[..., np.ndarray]

sixty_fourths = st.integers(-192, 192).map(lambda n: n / 64)
matrices = arrays(np.float64, st.tuples(st.integers(2, 6), st.integers(1, 7)), elements=sixty_fourths)
temperatures = st.floats(0.05, 2)
rounds = st.integers(1, 12)
orders = st.sampled_from(["documents", "queries"])


def potentials(method: Sinkhorn, scores: np.ndarray, texts: tuple[str, ...] = ()) -> np.ndarray:
    lse: np.ndarray = method.fit(MatrixScores(scores, block=3), FitContext(query_texts=texts)).arrays["lse"].numpy()
    return method.document_marginal * (-math.log(len(lse)) - lse)


def leave_one_out(corrected: np.ndarray, tau: float) -> np.ndarray:
    """tau x of the scores of a batch: these are x - log 2 where x > 0, else -softplus(-x)."""
    share = np.minimum(corrected / tau, -math.log(2))
    return np.where(
        corrected > -math.log(2) * tau, corrected + math.log(2) * tau, tau * (share - np.log1p(-np.exp(share)))
    )


def lse(values: list[float]) -> float:
    highest = max(values)
    return highest + math.log(sum(math.exp(value - highest) for value in values))


def by_the_book(scores: np.ndarray, tau: float, iterations: int, order: str, lam: float) -> np.ndarray:
    """The loop of METHODS 3.3 in plain Python."""
    (queries, documents), kernel = scores.shape, (scores / tau).tolist()
    lu, lv = [0.0] * queries, [0.0] * documents

    def update_documents() -> None:
        for j in range(documents):
            lv[j] = lam * (-math.log(documents) - lse([kernel[i][j] + lu[i] for i in range(queries)]))

    def update_queries() -> None:
        for i in range(queries):
            lu[i] = -math.log(queries) - lse([kernel[i][j] + lv[j] for j in range(documents)])

    steps = [update_documents, update_queries] if order == "documents" else [update_queries, update_documents]
    for _ in range(iterations):
        for step in steps:
            step()
    return np.array(lv)


def test_two_rounds_by_hand() -> None:
    scores = np.array([[1.0, 0.0], [0.0, 0.0]])
    # lv = ln 1/2 - (ln(e + 1), ln 2)
    np.testing.assert_allclose(potentials(Sinkhorn(tau=1.0, iterations=1), scores), [-2.00641, -1.38629], atol=1e-5)
    # lu = ln 1/2 - (ln(e^-1.00641 + e^-1.38629), ln(e^-2.00641 + e^-1.38629)) = -0.20787, 0.26275
    np.testing.assert_allclose(potentials(Sinkhorn(tau=1.0, iterations=2), scores), [-1.94836, -1.44116], atol=1e-5)


@settings(deadline=None)
@given(scores=matrices, tau=temperatures, iterations=rounds, order=orders, lam=st.floats(0, 1))
def test_potentials_are_those_of_the_book(
    scores: np.ndarray, tau: float, iterations: int, order: str, lam: float
) -> None:
    method = Sinkhorn(tau=tau, iterations=iterations, order=order, document_marginal=lam)
    expected = by_the_book(scores, tau, iterations, order, lam)
    np.testing.assert_allclose(potentials(method, scores), expected, rtol=1e-10, atol=1e-10)


@settings(deadline=None)
@given(scores=matrices, tau=temperatures, iterations=rounds)
def test_pot_gives_the_same_potentials_documents_first(scores: np.ndarray, tau: float, iterations: int) -> None:
    a, b = (np.full(size, 1 / size) for size in scores.shape)
    _, log = ot.bregman.sinkhorn_log(a, b, 1 - scores, tau, numItermax=iterations, stopThr=0, log=True, warn=False)
    apart = potentials(Sinkhorn(tau=tau, iterations=iterations), scores) - log["log_v"]
    np.testing.assert_allclose(apart, apart[0], rtol=0, atol=1e-9)


@settings(deadline=None)
@given(scores=matrices, tau=temperatures, iterations=rounds)
def test_pot_on_the_transpose_gives_those_of_queries_first(scores: np.ndarray, tau: float, iterations: int) -> None:
    a, b = (np.full(size, 1 / size) for size in scores.T.shape)
    _, log = ot.bregman.sinkhorn_log(a, b, 1 - scores.T, tau, numItermax=iterations, stopThr=0, log=True, warn=False)
    apart = potentials(Sinkhorn(tau=tau, iterations=iterations, order="queries"), scores) - log["log_u"]
    np.testing.assert_allclose(apart, apart[0], rtol=0, atol=1e-9)


@settings(deadline=None)
@given(scores=matrices, bank=matrices, tau=temperatures, iterations=rounds, order=orders)
def test_append_is_the_last_row_of_the_batch_of_bank_and_query(
    corrected: Correct, scores: np.ndarray, bank: np.ndarray, tau: float, iterations: int, order: str
) -> None:
    width = min(scores.shape[1], bank.shape[1])
    scores, bank = scores[:, :width], bank[:, :width]
    params = {"tau": tau, "iterations": iterations, "order": order}
    found = corrected(SinkhornSingleQuery(mode="append", **params), scores, bank=bank, block=2)
    for own, query in zip(found, scores, strict=True):
        exact = leave_one_out(corrected(Sinkhorn(**params), np.vstack([bank, query]))[-1], tau)
        apart = own - exact  # the same but for what all documents of a row share
        np.testing.assert_allclose(apart, apart[0], rtol=0, atol=1e-8)


def test_frozen_takes_the_potentials_of_the_bank(corrected: Correct) -> None:
    bank, query = np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[0.5, 0.25]])
    found = corrected(SinkhornSingleQuery(tau=1.0, iterations=1), query, bank=bank)
    np.testing.assert_allclose(found, [[0.5 - 2.00641, 0.25 - 1.38629]], atol=1e-5)


@pytest.mark.parametrize("order", ["documents", "queries"])
@pytest.mark.parametrize("iterations", [1, 7])
def test_duplicate_queries_count_once_under_dedup(order: str, iterations: int) -> None:
    scores = np.random.default_rng(1).integers(-64, 64, (4, 5)) / 64
    repeated, texts = scores[[0, 1, 1, 2, 1, 3]], ("a", "b b", "B  B", "c", "ｂ b", "d")
    once = potentials(Sinkhorn(tau=0.1, iterations=iterations, order=order), scores)
    dedup = Sinkhorn(tau=0.1, iterations=iterations, order=order, query_weights="dedup")
    np.testing.assert_array_equal(potentials(dedup, repeated, texts), once)
    uniform = potentials(Sinkhorn(tau=0.1, iterations=iterations, order=order), repeated)
    assert np.ptp(uniform - once) > 1e-3, "without it they count"


def test_a_bank_is_deduplicated_in_append_mode_too(corrected: Correct) -> None:
    bank, query = np.random.default_rng(2).integers(-64, 64, (3, 4)) / 64, np.array([[0.5, 0.25, 0.0, 1.0]])
    once = corrected(SinkhornSingleQuery(tau=0.1, mode="append"), query, bank=bank)
    method = SinkhornSingleQuery(tau=0.1, mode="append", query_weights="dedup")
    np.testing.assert_array_equal(corrected(method, query, bank=bank[[0, 1, 2, 0]], texts=("a", "b", "c", "a")), once)


def test_dedup_needs_the_texts_of_all_fitting_queries() -> None:
    with pytest.raises(ScoreError, match="texts of the 2 fitting queries, and 1 are known"):
        potentials(Sinkhorn(tau=1.0, query_weights="dedup"), np.ones((2, 2)), ("only one",))


def test_a_batch_of_one_text_is_one_query() -> None:
    with pytest.raises(ScoreError, match="at least 2 of them"):
        potentials(Sinkhorn(tau=1.0, query_weights="dedup"), np.ones((2, 2)), ("same", "Same"))
