"""DBSN (METHODS 3.5): Sinkhorn over a bank of queries and a bank of documents."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sparsebench import FitContext
from sparsebench.errors import ScoreError
from sparsebench.search import MatrixScores
from sparsebench.search.postprocess import enforce_sees
from sparsebench_plugins.postprocessors.dbsn import Dbsn
from sparsebench_plugins.postprocessors.sinkhorn import Sinkhorn, SinkhornSingleQuery

Correct = Callable[..., np.ndarray]

sixty_fourths = st.integers(-192, 192).map(lambda n: n / 64)
sizes = st.integers(1, 5)


@st.composite
def matrices(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores of queries and of a bank for the same documents, and of the bank for its own."""
    queries, bank, documents, own = (draw(sizes) for _ in range(4))
    shapes = ((queries, documents), (bank, documents), (bank, own))
    return tuple(draw(arrays(np.float64, shape, elements=sixty_fourths)) for shape in shapes)  # type: ignore[return-value]


@settings(deadline=None)
@given(scores=matrices(), tau=st.floats(0.05, 2), block=st.integers(1, 6))
def test_potentials_are_those_of_sinkhorn_over_both_galleries(
    scores: tuple[np.ndarray, np.ndarray, np.ndarray], tau: float, block: int
) -> None:
    _, bank, own = scores
    context = FitContext(bank_gallery=MatrixScores(own, block=block))
    found = Dbsn(tau=tau).fit(MatrixScores(bank, block=block), context).arrays["lv"]
    both = SinkhornSingleQuery(tau=tau).fit(MatrixScores(np.hstack([bank, own])), FitContext()).arrays["lv"]
    np.testing.assert_allclose(found, both[: bank.shape[1]], rtol=1e-9, atol=1e-9)


def test_the_right_answers_of_the_bank_take_its_queries_away_from_the_documents(corrected: Correct) -> None:
    # Document 0 is a hub of the bank only while the bank's queries cannot find their own answers.
    query, bank = np.array([[1.0, 0.9]]), np.array([[1.0, 0.0], [0.5, 0.5]])
    answers = np.array([[9.0, 0.0], [0.0, 0.0]])
    hub = corrected(SinkhornSingleQuery(tau=0.5), query, bank=bank)
    none = corrected(Dbsn(tau=0.5, iterations=1, order="queries"), query, bank=bank, gallery=answers)
    assert hub[0, 1] > hub[0, 0]
    assert none[0, 0] > none[0, 1]


def test_duplicate_bank_queries_count_once_under_dedup(corrected: Correct) -> None:
    generator = np.random.default_rng(0)
    bank, own, query = (generator.integers(-64, 64, shape) / 64 for shape in ((3, 4), (3, 2), (1, 4)))
    once = corrected(Dbsn(tau=0.1), query, bank=bank, gallery=own)
    twice = [0, 1, 2, 1]
    method = Dbsn(tau=0.1, query_weights="dedup")
    found = corrected(method, query, bank=bank[twice], gallery=own[twice], texts=("a", "b", "c", "b"))
    np.testing.assert_array_equal(found, once)


def test_a_pool_is_one_over_both_galleries(corrected: Correct) -> None:
    generator = np.random.default_rng(1)
    bank, own, query = (generator.integers(-64, 64, shape) / 64 for shape in ((5, 4), (5, 3), (1, 4)))
    whole = corrected(Dbsn(tau=0.1), query, bank=bank, gallery=own)
    np.testing.assert_allclose(corrected(Dbsn(tau=0.1, pool=7), query, bank=bank, gallery=own), whole, atol=1e-9)


def test_it_sees_the_bank_and_no_other_test_query() -> None:
    generator = np.random.default_rng(2)
    bank, own, test = (MatrixScores(generator.normal(size=(10, width)), block=7) for width in (20, 9, 20))
    method = Dbsn(tau=0.2)
    assert method.sees == "bank"
    enforce_sees(method, method.fit(bank, FitContext(bank_gallery=own)), test)


def test_a_bank_without_documents_of_its_own_is_refused() -> None:
    with pytest.raises(ScoreError, match=r"own documents beside its queries.*gallery: true"):
        Dbsn(tau=1.0).fit(MatrixScores(np.ones((3, 4))), FitContext())


def test_an_empty_bank_is_refused() -> None:
    with pytest.raises(ScoreError, match="the bank is empty"):
        Dbsn(tau=1.0).fit(MatrixScores(np.ones((0, 4))), FitContext(bank_gallery=MatrixScores(np.ones((0, 2)))))


def test_one_set_of_parameters_serves_both_forms() -> None:
    assert vars(Dbsn(tau=1.0)) == vars(Sinkhorn(tau=1.0))
