"""Laws and rules of all postprocessors (METHODS 3.6), and their figures on real scores."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sparsebench import FitContext, Postprocessor, State
from sparsebench.errors import ScoreError
from sparsebench.registry.parameters import ParameterError, validate
from sparsebench.search import MatrixScores
from sparsebench.search.postprocess import enforce_sees
from sparsebench_plugins.postprocessors import register_postprocessors
from sparsebench_plugins.postprocessors.csls import Csls, CslsSingleQuery
from sparsebench_plugins.postprocessors.dsl import Dsl, DslSingleQuery
from sparsebench_plugins.postprocessors.inverted_softmax import InvertedSoftmax, InvertedSoftmaxSingleQuery
from sparsebench_plugins.postprocessors.nnn import Nnn
from sparsebench_plugins.postprocessors.none import NoCorrection
from sparsebench_plugins.postprocessors.qb_norm import QbNorm
from sparsebench_plugins.postprocessors.sinkhorn import Sinkhorn, SinkhornSingleQuery

Correct = Callable[..., np.ndarray]
Make = Callable[[float], Postprocessor]

# Multiples of 1/64 are exact in float32, and so are their sums.
sixty_fourths = st.integers(-192, 192).map(lambda n: n / 64)
matrices = arrays(np.float64, st.tuples(st.integers(2, 6), st.integers(1, 7)), elements=sixty_fourths)
temperatures = st.floats(0.05, 2)
rounds = st.integers(1, 12)

WHOLE_BATCH: list[Make] = [
    lambda tau: Dsl(tau=tau),
    lambda tau: InvertedSoftmax(tau=tau),
    lambda tau: Sinkhorn(tau=tau),
    lambda tau: Sinkhorn(tau=tau, order="queries", document_marginal=0.5),
    lambda tau: Csls(k=2),
]
POOLED_BATCH: list[Make] = [
    lambda tau: Dsl(tau=tau, pool=2),
    lambda tau: InvertedSoftmax(tau=tau, pool=2),
    lambda tau: Sinkhorn(tau=tau, pool=2),
]
WHOLE_BANK: list[Make] = [
    lambda tau: DslSingleQuery(tau=tau),
    lambda tau: InvertedSoftmaxSingleQuery(tau=tau),
    lambda tau: SinkhornSingleQuery(tau=tau),
    lambda tau: SinkhornSingleQuery(tau=tau, mode="append", iterations=3),
    lambda tau: CslsSingleQuery(k=2),
    lambda tau: Nnn(k=2),
    lambda tau: QbNorm(tau=tau),
]
POOLED_BANK: list[Make] = [
    lambda tau: DslSingleQuery(tau=tau, pool=2),
    lambda tau: InvertedSoftmaxSingleQuery(tau=tau, pool=2),
    lambda tau: SinkhornSingleQuery(tau=tau, pool=2),
]
BATCH, BANK = WHOLE_BATCH + POOLED_BATCH, WHOLE_BANK + POOLED_BANK
WITHOUT_TEMPERATURE = {"none", "csls", "csls_single_query", "nnn"}


def close(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@settings(deadline=None)
@given(scores=matrices, tau=temperatures)
def test_one_round_of_sinkhorn_is_inverted_softmax(corrected: Correct, scores: np.ndarray, tau: float) -> None:
    apart = corrected(Sinkhorn(tau=tau, iterations=1), scores) - corrected(InvertedSoftmax(tau=tau), scores)
    close(apart, np.full(scores.shape, apart[0, 0]))


@settings(deadline=None)
@given(scores=matrices, tau=temperatures, iterations=rounds, data=st.data())
def test_documents_first_cancels_an_offset_of_any_document(
    corrected: Correct, scores: np.ndarray, tau: float, iterations: int, data: st.DataObject
) -> None:
    offsets = data.draw(arrays(np.float64, scores.shape[1], elements=sixty_fourths))
    method = Sinkhorn(tau=tau, iterations=iterations)
    close(corrected(method, scores + offsets), corrected(method, scores))


@settings(deadline=None)
@given(scores=matrices, tau=temperatures, iterations=rounds, data=st.data())
def test_queries_first_cancels_an_offset_of_any_query(
    corrected: Correct, scores: np.ndarray, tau: float, iterations: int, data: st.DataObject
) -> None:
    offsets = data.draw(arrays(np.float64, (scores.shape[0], 1), elements=sixty_fourths))
    method = Sinkhorn(tau=tau, iterations=iterations, order="queries")
    close(corrected(method, scores + offsets), corrected(method, scores))


@pytest.mark.parametrize("make", BATCH)
@settings(deadline=None)
@given(scores=matrices, tau=temperatures, data=st.data())
def test_permuting_queries_or_documents_permutes_the_result(
    corrected: Correct, make: Make, scores: np.ndarray, tau: float, data: st.DataObject
) -> None:
    rows = data.draw(st.permutations(range(scores.shape[0])))
    columns = data.draw(st.permutations(range(scores.shape[1])))
    chosen = np.ix_(rows, columns)
    close(corrected(make(tau), scores[chosen]), corrected(make(tau), scores)[chosen])


@pytest.mark.parametrize("make", BANK)
@settings(max_examples=30, deadline=None)
@given(scores=matrices, bank=matrices, tau=temperatures, data=st.data())
def test_permuting_a_bank_changes_nothing_and_permuting_documents_permutes_the_result(
    corrected: Correct, make: Make, scores: np.ndarray, bank: np.ndarray, tau: float, data: st.DataObject
) -> None:
    width = min(scores.shape[1], bank.shape[1])
    rows = data.draw(st.permutations(range(bank.shape[0])))
    columns = data.draw(st.permutations(range(width)))
    found = corrected(make(tau), scores[:, columns], bank=bank[np.ix_(rows, columns)])
    close(found, corrected(make(tau), scores[:, :width], bank=bank[:, :width])[:, columns])


@pytest.mark.parametrize("make", BATCH)
@settings(deadline=None)
@given(scores=matrices, tau=temperatures, block=st.integers(1, 7))
def test_streamed_in_blocks_is_dense(
    corrected: Correct, make: Make, scores: np.ndarray, tau: float, block: int
) -> None:
    close(corrected(make(tau), scores, block=block), corrected(make(tau), scores))


@pytest.mark.parametrize("make", BANK)
@settings(max_examples=30, deadline=None)
@given(scores=matrices, bank=matrices, tau=temperatures, block=st.integers(1, 7))
def test_a_bank_streamed_in_blocks_is_dense(
    corrected: Correct, make: Make, scores: np.ndarray, bank: np.ndarray, tau: float, block: int
) -> None:
    width = min(scores.shape[1], bank.shape[1])
    scores, bank = scores[:, :width], bank[:, :width]
    close(corrected(make(tau), scores, bank=bank, block=block), corrected(make(tau), scores, bank=bank))


@pytest.mark.parametrize("make", BANK)
@settings(max_examples=30, deadline=None)
@given(scores=matrices, tau=temperatures, block=st.integers(1, 7), seed=st.integers(0, 9))
def test_under_bank_other_test_queries_change_nothing(
    corrected: Correct, make: Make, scores: np.ndarray, tau: float, block: int, seed: int
) -> None:
    bank, others = np.random.default_rng(seed).integers(-192, 192, (2, 3, scores.shape[1])) / 64
    alone = corrected(make(tau), scores[:1], bank=bank, block=block)
    among = corrected(make(tau), np.vstack([scores[:1], others]), bank=bank, block=block)
    close(among[:1], alone)


@pytest.mark.parametrize("make", BANK)
def test_the_single_query_forms_are_what_they_claim(make: Make) -> None:
    generator = np.random.default_rng(0)
    bank, test = (MatrixScores(generator.normal(size=(10, 20)), block=7) for _ in range(2))
    method = make(0.2)
    enforce_sees(method, method.fit(bank, FitContext()), test)


@pytest.mark.parametrize("make", BATCH)
def test_one_test_query_alone_is_refused(make: Make) -> None:
    with pytest.raises(ScoreError, match=r"at least 2 of them.*single_query form with a bank"):
        make(1.0).fit(MatrixScores(np.ones((1, 3))), FitContext())


@pytest.mark.parametrize("make", BANK)
def test_an_empty_bank_is_refused(make: Make) -> None:
    with pytest.raises(ScoreError, match="the bank is empty"):
        make(1.0).fit(MatrixScores(np.ones((0, 3))), FitContext())


@pytest.mark.parametrize("make", WHOLE_BATCH + WHOLE_BANK)
def test_fitting_scores_with_unseen_documents_are_refused(make: Make) -> None:
    scores = np.array([[1.0, 2.0, 3.0], [1.0, -math.inf, 3.0]])
    method = make(1.0)
    with pytest.raises(ScoreError, match="fitting query 1 has no score for document 1"):
        method.row_stats(MatrixScores(scores[:1]), method.fit(MatrixScores(scores, block=1), FitContext()))


@pytest.mark.parametrize("make", BATCH)
def test_nan_in_fitting_scores_is_refused(make: Make) -> None:
    with pytest.raises(ScoreError, match="query row 0 has the score nan"):
        make(1.0).fit(MatrixScores(np.array([[1.0, math.nan], [1.0, 2.0]])), FitContext())


@pytest.mark.parametrize("name", sorted({plugin.name for plugin in register_postprocessors()} - WITHOUT_TEMPERATURE))
@pytest.mark.parametrize("tau", [0, -1, "0.1"])
def test_a_temperature_is_a_number_above_0(name: str, tau: object) -> None:
    factory = {plugin.name: plugin.factory for plugin in register_postprocessors()}[name]
    with pytest.raises(ParameterError, match="tau"):
        validate(factory, {"tau": tau})
    assert validate(factory, {"tau": 1})["tau"] == 1


@pytest.mark.parametrize(
    "params",
    [{"iterations": 0}, {"order": "rows"}, {"document_marginal": 1.1}, {"query_weights": "idf"}, {"pool": 0}],
)
def test_parameters_of_sinkhorn_are_checked(params: dict[str, object]) -> None:
    with pytest.raises(ParameterError, match=next(iter(params))):
        validate(Sinkhorn, {"tau": 1.0, **params})


def test_none_changes_nothing(corrected: Correct) -> None:
    scores = np.array([[0.5, -1.0]])
    assert NoCorrection().fit(MatrixScores(scores), FitContext()) == State()
    assert corrected(NoCorrection(), scores).tolist() == scores.tolist()


def test_importing_the_plugins_imports_no_torch() -> None:
    modules = "sparsebench_plugins.postprocessors, sparsebench.search.postprocess, sparsebench.search"
    code = f"import sys, {modules}; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout == b"False\n"


def recall_at_1(corrected: np.ndarray) -> float:
    return round(100 * float((corrected.argmax(axis=1) == np.arange(len(corrected))).mean()), 1)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (NoCorrection(), 55.0),
        (Dsl(tau=0.05), 61.1),
        (Sinkhorn(tau=0.05, iterations=10), 62.3),
        (Sinkhorn(tau=0.05, iterations=10, order="queries"), 62.2),
    ],
)
def test_recall_on_real_captions(
    corrected: Correct, similarities: np.ndarray, method: Postprocessor, expected: float
) -> None:
    assert recall_at_1(corrected(method, similarities, block=300)) == expected


def test_negatives_of_real_captions_are_counted(similarities: np.ndarray) -> None:
    method, blocks = Dsl(tau=0.05), MatrixScores(similarities, block=300)
    counts = method.remarks(blocks, method.fit(blocks, FitContext()))
    assert counts["negative_test_scores"] / similarities.size == pytest.approx(0.306, abs=5e-4)


@pytest.mark.parametrize(
    ("method", "expected"),
    [(Dsl(tau=0.05), 60.7), (Sinkhorn(tau=0.05), 57.9), (Sinkhorn(tau=0.05, query_weights="dedup"), 62.3)],
)
def test_one_query_asked_500_times_costs_sinkhorn_most_unless_it_counts_once(
    corrected: Correct, similarities: np.ndarray, method: Postprocessor, expected: float
) -> None:
    texts = [*map(str, range(1000)), *["0"] * 500]
    repeated = np.vstack([similarities, np.repeat(similarities[:1], 500, axis=0)])
    assert recall_at_1(corrected(method, repeated, texts=texts, block=300)[:1000]) == expected


def test_frozen_is_near_append_on_real_captions(corrected: Correct, similarities: np.ndarray) -> None:
    bank, queries = similarities[:200], similarities[200:230]
    frozen = corrected(SinkhornSingleQuery(tau=0.05), queries, bank=bank)
    append = corrected(SinkhornSingleQuery(tau=0.05, mode="append"), queries, bank=bank)
    assert (frozen.argmax(axis=1) == append.argmax(axis=1)).mean() >= 0.95
    top = [set(np.argsort(-scores)[:10]) for scores in (*frozen, *append)]
    overlap = [len(one & other) / 10 for one, other in zip(top[:30], top[30:], strict=True)]
    assert np.mean(overlap) > 0.97
    assert not np.array_equal(frozen, append)
