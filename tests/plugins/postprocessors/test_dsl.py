"""DSL and inverted softmax (METHODS 3.1, 3.2)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sparsebench import FitContext
from sparsebench.search import MatrixScores
from sparsebench_plugins.postprocessors.dsl import Dsl, DslSingleQuery
from sparsebench_plugins.postprocessors.inverted_softmax import InvertedSoftmax, InvertedSoftmaxSingleQuery

Correct = Callable[..., np.ndarray]

TWO_BY_TWO = np.array([[1.0, 0.0], [0.0, 0.0]])

# Multiples of 1/64 are exact in float32, and so are their sums.
sixty_fourths = st.integers(-192, 192).map(lambda n: n / 64)
matrices = arrays(np.float64, st.tuples(st.integers(2, 6), st.integers(1, 7)), elements=sixty_fourths)
temperatures = st.floats(0.05, 2)


def keys(scores: np.ndarray, tau: float) -> np.ndarray:
    """log|S| + S/tau - C in plain Python."""
    found = np.empty(scores.shape)
    for column in range(scores.shape[1]):
        logits = [score / tau for score in scores[:, column].tolist()]
        highest = max(logits)
        lse = highest + math.log(sum(math.exp(logit - highest) for logit in logits))
        for row, logit in enumerate(logits):
            size = abs(scores[row, column])
            found[row, column] = (math.log(size) if size else -math.inf) + logit - lse
    return found


def leave_one_out(corrected: np.ndarray, tau: float) -> np.ndarray:
    """tau x of the scores of a batch: these are x - log 2 where x > 0, else -softplus(-x)."""
    share = np.minimum(corrected / tau, -math.log(2))
    return np.where(
        corrected > -math.log(2) * tau, corrected + math.log(2) * tau, tau * (share - np.log1p(-np.exp(share)))
    )


def test_inverted_softmax_by_hand(corrected: Correct) -> None:
    # C = ln(e + 1), ln 2
    # The first owns the first document, with x = 1 - 0, and is ranked by x - ln 2; its -softplus(-x) is 1 - 1.3132617.
    expected = [[1 - 0.6931472, -0.6931472], [-1.3132617, -0.6931472]]
    np.testing.assert_allclose(corrected(InvertedSoftmax(tau=1.0), TWO_BY_TWO), expected, atol=1e-7)


def test_dsl_by_hand(corrected: Correct) -> None:
    # The key of the only positive score is ln 1 + 1 - ln(e + 1) = -0.3132617, and 1 / (1 + 0.3132617) = 0.7614628.
    np.testing.assert_allclose(corrected(Dsl(tau=1.0), TWO_BY_TWO), [[0.7614628, 0], [0, 0]], atol=1e-7)


def test_a_single_query_joins_the_bank(corrected: Correct) -> None:
    query, bank = np.array([[1.0, 0.0]]), np.array([[0.0, 0.0]])
    alone = corrected(DslSingleQuery(tau=1.0), query, bank=bank)
    np.testing.assert_allclose(alone[0], corrected(Dsl(tau=1.0), TWO_BY_TWO)[0], atol=1e-12)
    assert corrected(InvertedSoftmaxSingleQuery(tau=1.0), query, bank=bank).tolist() == [[1, 0]]


@settings(deadline=None)
@given(scores=matrices, bank=matrices, tau=temperatures)
def test_single_query_forms_rank_each_query_as_the_batch_of_bank_and_query(
    corrected: Correct, scores: np.ndarray, bank: np.ndarray, tau: float
) -> None:
    width = min(scores.shape[1], bank.shape[1])
    scores, bank = scores[:, :width], bank[:, :width]
    for single, batch in ((DslSingleQuery, Dsl), (InvertedSoftmaxSingleQuery, InvertedSoftmax)):
        together = corrected(single(tau=tau), scores, bank=bank)
        for own, query in zip(together, scores, strict=True):
            exact = corrected(batch(tau=tau), np.vstack([bank, query]))[-1]
            exact = leave_one_out(exact, tau) if batch is InvertedSoftmax else exact
            np.testing.assert_allclose(own, exact, rtol=1e-9, atol=1e-9)


@settings(deadline=None)
@given(scores=matrices, tau=temperatures)
def test_dsl_ranks_positive_scores_as_its_formula_does(corrected: Correct, scores: np.ndarray, tau: float) -> None:
    positive = np.abs(scores) + 1 / 64
    softmax = np.exp((positive - positive.max(axis=0)) / tau)
    naive = positive * softmax / softmax.sum(axis=0)
    found = corrected(Dsl(tau=tau), positive)
    for row, expected in zip(found, naive, strict=True):
        for first in range(len(row)):
            worse = expected < expected[first] * (1 - 1e-9)
            assert (row[worse] < row[first]).all()


def test_dsl_does_not_underflow_at_a_small_temperature(corrected: Correct) -> None:
    scores = np.random.default_rng(0).uniform(0, 30, (40, 60)).astype(np.float32).astype(np.float64)
    expected = keys(scores, tau=0.001)
    assert (np.exp(expected) == 0).mean() > 0.9, "the product of the formula is 0 nearly everywhere"
    found = corrected(Dsl(tau=0.001), scores)
    assert (np.argsort(found, axis=1) == np.argsort(expected, axis=1)).all()
    assert all(len(np.unique(row)) == 60 for row in found)


def test_negative_scores_come_last_in_the_opposite_order_and_zeros_between(corrected: Correct) -> None:
    scores = np.array([[-0.5, -0.25, 0.0, 0.5, 0.25, -1.0], [0.5, -0.25, 0.75, 0.0, 0.25, 1.5]])
    share = np.exp(keys(scores, tau=0.2))  # |S| times the softmax: nothing underflows here
    found = corrected(Dsl(tau=0.2), scores)
    assert (np.argsort(found, axis=1) == np.argsort(np.sign(scores) * share, axis=1)).all()
    assert (np.sign(found) == np.sign(scores)).all()


@pytest.mark.parametrize("method", [Dsl, DslSingleQuery])
def test_negative_test_scores_are_counted_for_the_record(method: type[Dsl]) -> None:
    scores = MatrixScores(np.array([[-1.0, 0.0, -2.0], [-3.0, 1.0, 0.0]]), block=2)
    made = method(tau=1.0)
    assert made.remarks(scores, made.fit(scores, FitContext())) == {"negative_test_scores": 3, "test_scores": 6}


def test_an_unseen_document_is_no_negative_score() -> None:
    run = MatrixScores(np.array([[-1.0, -math.inf, 2.0], [3.0, 1.0, -math.inf]]), block=2)
    method = Dsl(tau=1.0, pool=2)
    assert method.remarks(run, method.fit(run, FitContext())) == {"negative_test_scores": 1, "test_scores": 4}


def test_scores_of_8_gpus_rank_as_those_of_one_when_the_lowest_is_their_zero(corrected: Correct) -> None:
    """BLIP's matrix of 8 GPUs is that of one minus 700."""
    one = np.random.default_rng(3).normal(2, 0.1, (6, 9)).astype(np.float32).astype(np.float64)
    eight = one - 700
    first = corrected(Dsl(tau=0.05), one).argmax(axis=1)
    assert (corrected(Dsl(tau=0.05), eight).argmax(axis=1) != first).all(), "as they are, the worst come first"
    shifted = corrected(Dsl(tau=0.05, shift="min"), eight)
    assert (shifted.argmax(axis=1) == corrected(Dsl(tau=0.05, shift="min"), one).argmax(axis=1)).all()
    assert (shifted >= 0).all()


@pytest.mark.parametrize("method", [Dsl, DslSingleQuery])
def test_a_shift_is_recorded_and_what_is_below_it_is_still_negative(method: type[Dsl]) -> None:
    fitting, test = MatrixScores(np.array([[-3.0, 1.0], [2.0, -1.0]])), MatrixScores(np.array([[-4.0, 1.0]]))
    made = method(tau=1.0, shift="min")
    state = made.fit(fitting, FitContext())
    assert state.facts == {"shift": -3.0}
    assert made.remarks(test, state) == {"negative_test_scores": 1, "test_scores": 2}


def test_a_shift_looks_past_unseen_documents() -> None:
    run = MatrixScores(np.array([[-1.0, -math.inf], [3.0, 1.0]]))
    assert Dsl(tau=1.0, pool=2, shift="min").fit(run, FitContext()).facts == {"shift": -1.0}
