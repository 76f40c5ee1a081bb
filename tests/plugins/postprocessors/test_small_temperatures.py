"""First places are those of exact arithmetic, at any temperature (METHODS 3.8a): mpmath with 60 digits is the judge."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import mpmath
import numpy as np
import pytest
from scipy.special import logsumexp

from sparsebench import FitContext, Postprocessor
from sparsebench.evaluate.ranking import first_places
from sparsebench.rank import TopK, tie_order
from sparsebench.search import MatrixScores, scaled
from sparsebench.search.postprocess import apply_to
from sparsebench.types import Ranking
from sparsebench_plugins.postprocessors.dsl import Dsl
from sparsebench_plugins.postprocessors.inverted_softmax import InvertedSoftmax, InvertedSoftmaxSingleQuery
from sparsebench_plugins.postprocessors.sinkhorn import Sinkhorn, SinkhornSingleQuery

Correct = Callable[..., np.ndarray]
Rows = Sequence[Sequence[mpmath.mpf]]

# How large S is and tau: S / tau from 10 to 1e9.
SIZES = [(1, 0.1), (1, 0.05), (1, 1e-3), (1, 1e-6), (1e4, 1e-3), (1e6, 1.0), (1, 1e-9)]
ROUNDS = 5


@pytest.fixture(autouse=True)
def _digits():
    with mpmath.workdps(60):
        yield


def scores_of(spread: float, seed: int, shape: tuple[int, int] = (9, 13)) -> np.ndarray:
    """As of `23-sinkhorn-small-temperatures`: float32, taken as exact."""
    return (spread * (1 + np.random.default_rng(seed).random(shape))).astype(np.float32)


def lse(terms: Sequence[mpmath.mpf]) -> mpmath.mpf:
    highest = max(terms)
    return highest + mpmath.log(mpmath.fsum(mpmath.exp(term - highest) for term in terms))


def kernel_of(scores: np.ndarray, tau: float) -> list[list[mpmath.mpf]]:
    return [[mpmath.mpf(float(score)) / mpmath.mpf(tau) for score in row] for row in scores]


def exact_sinkhorn(scores: np.ndarray, tau: float, rounds: int, order: str = "documents") -> Rows:
    """x of every pair: M_ij - LSE of all other queries' M, with M = L + lu of the last round."""
    kernel = kernel_of(scores, tau)
    queries, documents = scores.shape
    lu = [mpmath.mpf(0)] * queries
    if order == "queries":
        lu = [-lse(row) for row in kernel]
    for _ in range(rounds - 1):
        lv = [-lse([kernel[i][j] + lu[i] for i in range(queries)]) for j in range(documents)]
        lu = [-lse([kernel[i][j] + lv[j] for j in range(documents)]) for i in range(queries)]
    terms = [[kernel[i][j] + lu[i] for j in range(documents)] for i in range(queries)]
    return [
        [terms[i][j] - lse([terms[k][j] for k in range(queries) if k != i]) for j in range(documents)]
        for i in range(queries)
    ]


def best_first(rows: Rows) -> list[list[int]]:
    return [sorted(range(len(row)), key=lambda j, row=row: -row[j]) for row in rows]


def agrees(found: np.ndarray, exact: Rows, error: float) -> None:
    """The whole order is that of exact arithmetic, but for documents that are closer than the stated error."""
    for row, expected in zip(found, exact, strict=True):
        order = np.argsort(-row, kind="stable").tolist()
        for better, worse in itertools.pairwise(order):
            assert expected[better] >= expected[worse] - error


@pytest.mark.parametrize(("spread", "tau"), SIZES)
def test_inverted_softmax_ranks_as_exact_arithmetic_does(corrected: Correct, spread: float, tau: float) -> None:
    for seed in range(4):
        scores = scores_of(spread, seed)
        exact = exact_sinkhorn(scores, tau, 1)
        found = corrected(InvertedSoftmax(tau=tau), scores)
        assert found.argmax(axis=1).tolist() == [order[0] for order in best_first(exact)]
        agrees(found, exact, error=1e-14 * spread / tau)


@pytest.mark.parametrize("order", ["documents", "queries"])
@pytest.mark.parametrize(("spread", "tau"), SIZES)
def test_sinkhorn_ranks_as_exact_arithmetic_does(corrected: Correct, spread: float, tau: float, order: str) -> None:
    for seed in range(2):
        scores = scores_of(spread, seed)
        exact = exact_sinkhorn(scores, tau, ROUNDS, order)
        found = corrected(Sinkhorn(tau=tau, iterations=ROUNDS, order=order), scores)
        assert found.argmax(axis=1).tolist() == [each[0] for each in best_first(exact)]
        agrees(found, exact, error=1e-13 * spread / tau)


@pytest.mark.parametrize(("spread", "tau"), SIZES)
def test_a_bank_ranks_as_exact_arithmetic_does(corrected: Correct, spread: float, tau: float) -> None:
    scores = scores_of(spread, 7)
    bank, query = scores[:-1], scores[-1:]
    alone = kernel_of(query, tau)[0]
    softmax = [term - lse([row[j] for row in kernel_of(bank, tau)]) for j, term in enumerate(alone)]
    together = exact_sinkhorn(scores, tau, ROUNDS)[-1]
    for method, exact in (
        (InvertedSoftmaxSingleQuery(tau=tau), softmax),
        (SinkhornSingleQuery(tau=tau, iterations=1), softmax),
        (SinkhornSingleQuery(tau=tau, iterations=ROUNDS, mode="append"), together),
    ):
        found = corrected(method, query, bank=bank)
        assert found.argmax() == best_first([exact])[0][0]
        agrees(found, [exact], error=1e-13 * spread / tau)


@pytest.mark.parametrize("tau", [0.05, 1e-3, 1e-6])
def test_dsl_ranks_as_exact_arithmetic_does(corrected: Correct, tau: float) -> None:
    scores = scores_of(1, 3)
    exact = exact_sinkhorn(scores, tau, 1)
    key = [
        [mpmath.log(mpmath.mpf(float(score))) - mpmath.log1p(mpmath.exp(-x)) for score, x in zip(row, xs, strict=True)]
        for row, xs in zip(scores, exact, strict=True)
    ]
    assert corrected(Dsl(tau=tau), scores).argmax(axis=1).tolist() == [order[0] for order in best_first(key)]


def test_many_documents_of_one_query_are_told_apart_below_every_float(corrected: Correct) -> None:
    """Query 0 owns all: log shares are all 0 in any float, and x tells."""
    scores = np.array([[2.0, 2.5, 3.0, 2.75], [1.0, 1.0, 1.25, 1.5]], dtype=np.float32)
    for tau in (1e-3, 1e-6):
        naive = scores.astype(float) / tau - logsumexp(scores.astype(float) / tau, axis=0)
        assert (naive[0] == 0).all()
        found = corrected(InvertedSoftmax(tau=tau), scores)[0]
        assert np.argsort(-found).tolist() == [2, 1, 3, 0]  # by 1.75, 1.5, 1.25 and 1 above the other query


@pytest.mark.parametrize("method", [InvertedSoftmax(tau=1e-3), Sinkhorn(tau=1e-3), Dsl(tau=1e-3)])
@pytest.mark.parametrize("scale", [1.0, 0.7310585])
def test_a_scale_is_as_exact_as_a_temperature(method: Postprocessor, scale: float) -> None:
    scores = scores_of(1, 5, (12, 20))
    blocks = MatrixScores(scores, block=7)
    exact = best_first(exact_sinkhorn(scores, 1e-3 * scale, getattr(method, "iterations", 1)))
    found = ranked(method, blocks, scale)
    if not isinstance(method, Dsl):
        assert found.documents[:, 0].tolist() == [order[0] for order in exact]
    assert first_places(found, 0.0)["first_places_tied"] == 0


def ranked(method: Postprocessor, blocks: MatrixScores, scale: float = 1.0, rows: int = 5) -> Ranking:
    """All test queries over a batch, a few rows at a time as the harness ranks them."""
    test = scaled(blocks, scale)
    state = method.fit(test, FitContext())
    order = tie_order(np.array([f"d{number:04}".encode() for number in range(blocks.shape[1])]))
    parts = []
    for start in range(0, blocks.shape[0], rows):
        some = test.rows(start, start + rows)
        top = TopK(some.shape[0], 10, order)
        for block, candidates in apply_to(method, state, some, candidates="all"):
            top.add(block.columns, block.scores, candidates)
        parts.append(top.ranking())
    return Ranking.stacked(parts)


def cosines(queries: int, documents: int, seed: int) -> np.ndarray:
    """Float32 cosines with hubs, as of captions: the right answer of a query is the document of its number."""
    generator = np.random.default_rng(seed)
    topics = generator.normal(size=(40, 32))
    meant = topics[generator.integers(0, 40, max(queries, documents))] + generator.normal(
        size=(max(queries, documents), 32)
    )
    first, second = (meant + 2.5 * generator.normal(size=meant.shape) for _ in range(2))
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second /= np.linalg.norm(second, axis=1, keepdims=True)
    found: np.ndarray = (first[:queries] @ second[:documents].T).astype(np.float32)
    return found


def leave_one_out(terms: np.ndarray) -> np.ndarray:
    """x of all pairs, (Q, D) float64: of the largest term of a document over all others, of others by their share."""
    full = logsumexp(terms, axis=0)
    owner = terms.argmax(axis=0)
    places = np.arange(terms.shape[1])
    others = terms.copy()
    others[owner, places] = -np.inf
    share = np.minimum(terms - full, -np.log(2))
    x = share - np.log1p(-np.exp(share))
    x[owner, places] = terms[owner, places] - logsumexp(others, axis=0)
    return x


@pytest.mark.parametrize("tau", [0.005, 0.01])
def test_every_first_place_of_1000_by_1000_cosines_is_that_of_float64(tau: float) -> None:
    scores = cosines(1000, 1000, seed=1)
    terms = scores.astype(np.float64) * (1 / tau)
    first = leave_one_out(terms).argmax(axis=1)
    narrow = scores / np.float32(tau)
    naive = narrow - np.float32(logsumexp(narrow, axis=0))
    assert (naive.argmax(axis=1) != first).sum() > 1, "this is a matrix where float32 does not do"
    found = ranked(InvertedSoftmax(tau=tau), MatrixScores(scores, block=300), rows=512)
    assert found.documents[:, 0].tolist() == first.tolist()
    lu = np.zeros(1000)
    for _ in range(9):
        lu = -logsumexp(terms - logsumexp(terms + lu[:, None], axis=0), axis=1)
    exact = leave_one_out(terms + lu[:, None])
    found = ranked(Sinkhorn(tau=tau), MatrixScores(scores, block=300), rows=512)
    assert found.documents[:, 0].tolist() == exact.argmax(axis=1).tolist()


def test_ranks_at_a_large_temperature_are_those_of_float64(corrected: Correct) -> None:
    """Every rank, so that a mean rank is right to its last digit: keys are within .06 of each other here."""
    scores, tau = cosines(300, 300, seed=2), 10.0
    exact = leave_one_out(scores.astype(np.float64) / tau)
    for found in (corrected(InvertedSoftmax(tau=tau), scores), corrected(Sinkhorn(tau=tau, iterations=1), scores)):
        right = np.diag(found)[:, None]
        ranks = 1 + (found > right).sum(axis=1)
        assert ranks.tolist() == (1 + (exact > np.diag(exact)[:, None]).sum(axis=1)).tolist()


def test_duplicate_queries_own_what_the_first_of_them_owns() -> None:
    scores = scores_of(1, 11, (6, 8))
    repeated, texts = scores[[0, 1, 2, 0, 3, 4, 5, 2]], ("a", "b", "c", "a", "d", "e", "f", "c")
    method = Sinkhorn(tau=1e-3, query_weights="dedup")
    state = method.fit(MatrixScores(repeated), FitContext(query_texts=texts))
    ((block, _),) = apply_to(method, state, MatrixScores(repeated), candidates="all")
    once = Sinkhorn(tau=1e-3)
    ((expected, _),) = apply_to(
        once, once.fit(MatrixScores(scores), FitContext()), MatrixScores(scores), candidates="all"
    )
    assert block.scores.equal(expected.scores[[0, 1, 2, 0, 3, 4, 5, 2]])


def test_a_repeated_text_with_scores_of_its_own_is_ranked_by_them() -> None:
    scores = scores_of(1, 12, (4, 6))
    method = Sinkhorn(tau=0.5, iterations=1, query_weights="dedup")
    state = method.fit(MatrixScores(scores), FitContext(query_texts=("a", "b", "a", "c")))
    assert state.rows["fitted"].tolist() == [0, 1, -1, 2]
    ((block, _),) = apply_to(method, state, MatrixScores(scores), candidates="all")
    exact = scores[2] / 0.5 - logsumexp(scores[[0, 1, 3]].astype(float) / 0.5, axis=0)
    assert np.argsort(-block.scores[2].numpy()).tolist() == np.argsort(-exact).tolist()


def test_queries_without_a_text_are_not_taken_for_duplicates() -> None:
    method = Sinkhorn(tau=0.5, query_weights="dedup")
    state = method.fit(MatrixScores(scores_of(1, 13, (3, 4))), FitContext(query_texts=("", "", "")))
    assert state.rows["fitted"].tolist() == [0, 1, 2]


def test_first_places_that_only_an_id_decides_are_counted() -> None:
    documents = np.zeros((4, 2), dtype=np.int64)
    scores = np.array([[1.0, 1.0], [1.0, 1.0 - 1e-12], [1.0, 0.5], [-np.inf, -np.inf]])
    assert first_places(Ranking(documents, scores), 0.0) == {"first_places_tied": 1}
    assert first_places(Ranking(documents, scores), 1e-9) == {"first_places_tied": 1, "first_places_near": 1}
    assert first_places(Ranking(documents[:, :1], scores[:, :1]), 0.0) == {}


def test_what_float64_cannot_tell_is_stated() -> None:
    scores = scores_of(1, 14)
    assert Sinkhorn(tau=1e-9).fit(MatrixScores(scores), FitContext()).error > 1e-16
    assert Sinkhorn(tau=0.1).fit(MatrixScores(scores), FitContext()).error < 1e-13
