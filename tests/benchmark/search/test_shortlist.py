"""A ranking by float32 keys and an error bound has the bytes of the ranking by float64 (METHODS 3.8a)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from device.simulator import simulated
from sparsebench import FitContext, Postprocessor, State
from sparsebench.errors import ContractError
from sparsebench.rank import TopK, tie_order
from sparsebench.search import MatrixScores, scaled
from sparsebench.search.postprocess import apply_to
from sparsebench.search.shortlist import best_by_bounds, states_bounds
from sparsebench.types import Block, Candidates, Ranking, ScoreBlocks
from sparsebench_plugins.postprocessors.dbsn import Dbsn
from sparsebench_plugins.postprocessors.dsl import Dsl, DslSingleQuery
from sparsebench_plugins.postprocessors.inverted_softmax import InvertedSoftmax, InvertedSoftmaxSingleQuery
from sparsebench_plugins.postprocessors.none import NoCorrection
from sparsebench_plugins.postprocessors.sinkhorn import Sinkhorn, SinkhornSingleQuery

QUERIES, DOCUMENTS, K = 21, 900, 10
ORDER = tie_order(np.array([f"{n * 7919 % DOCUMENTS:05}".encode() for n in range(DOCUMENTS)]))
METHODS = [
    lambda tau: NoCorrection(),
    lambda tau: InvertedSoftmax(tau=tau),
    lambda tau: InvertedSoftmaxSingleQuery(tau=tau),
    lambda tau: Dsl(tau=tau),
    lambda tau: DslSingleQuery(tau=tau),
    lambda tau: Sinkhorn(tau=tau),
    lambda tau: Sinkhorn(tau=tau, order="queries", iterations=3),
    lambda tau: SinkhornSingleQuery(tau=tau),
    lambda tau: Dbsn(tau=tau),
]
NAMES = ["none", "is", "is_single", "dsl", "dsl_single", "sinkhorn", "sinkhorn_queries", "sinkhorn_single", "dbsn"]
KINDS = ["random", "tied", "nearly tied", "negative", "sparse", "hubs"]
each_method = pytest.mark.parametrize("method", METHODS, ids=NAMES)


def scores_of(kind: str, rows: int = QUERIES, columns: int = DOCUMENTS, seed: int = 1) -> np.ndarray:
    chance = np.random.default_rng(seed)
    found = chance.gamma(2.0, 0.25, (rows, columns))
    if kind == "tied":
        found = np.round(found, 1)
        found[:, : columns // 3] = found[:, columns // 3 : 2 * (columns // 3)]
    if kind == "nearly tied":  # steps of one float32, and columns that differ by them
        found = 1 + 2.0**-23 * chance.integers(0, 4, (rows, columns)) + 0.5 * (chance.random((rows, columns)) < 0.02)
    if kind == "negative":
        found -= 0.7
    if kind == "sparse":
        found[chance.random((rows, columns)) < 0.9] = 0
    if kind == "hubs":
        found[:, ::90] += 3
        found[np.arange(rows), chance.integers(0, columns, rows)] += 4  # what one query owns
    return found.astype(np.float32)


@dataclass(frozen=True)
class Case:
    """A fitted method and what it ranks."""

    method: Postprocessor
    state: State
    test: ScoreBlocks
    candidates: Candidates

    def rows(self) -> Iterator[ScoreBlocks]:
        for start in (0, 8, 16):
            yield self.test.rows(start, start + 8)

    def everywhere(self) -> list[Ranking]:
        found = []
        for rows in self.rows():
            top = TopK(rows.shape[0], K, ORDER)
            for block, ranked in apply_to(self.method, self.state, rows, candidates=self.candidates):
                top.add(block.columns, block.scores, ranked)
            found.append(top.ranking())
        return found

    def short(self) -> list[Ranking | None]:
        return [
            best_by_bounds(self.method, self.state, rows, k=K, order=ORDER, candidates=self.candidates)
            for rows in self.rows()
        ]


def case(method: Postprocessor, kind: str, device: str = "cpu", scale: float | None = 1.3, block: int = 200) -> Case:
    def blocks(matrix: np.ndarray) -> ScoreBlocks:
        floor = 0.0 if kind == "sparse" else -np.inf
        found = MatrixScores(matrix, device=device, block=block, floor=floor)
        return found if scale is None else scaled(found, scale)

    test, bank = blocks(scores_of(kind)), blocks(scores_of(kind, 60, seed=2))
    gallery = blocks(scores_of(kind, 60, 90, seed=3)) if method.reads_bank_gallery else None
    fitting = {"query": None, "bank": bank, "batch": test}[method.sees]
    state = State() if fitting is None else method.fit(fitting, FitContext(bank_gallery=gallery))
    return Case(method, state, test, "retrieved" if kind == "sparse" else "all")


def assert_same(found: list[Ranking | None], expected: list[Ranking]) -> int:
    """Where there is a short ranking, it is the other one; returns how many there are."""
    for short, full in zip(found, expected, strict=True):
        if short is not None:
            assert short.documents.tobytes() == full.documents.tobytes()
            assert short.scores.tobytes() == full.scores.tobytes()
    return sum(short is not None for short in found)


@each_method
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("tau", "scale"), [(0.2, 1.3), (0.01, None), (1e-4, 1.3), (1e-7, None)])
def test_it_is_the_ranking_of_float64_byte_for_byte(method, kind: str, tau: float, scale: float | None) -> None:
    one = case(method(tau), kind, scale=scale)
    decided = assert_same(one.short(), one.everywhere())
    if tau >= 0.01 and kind in ("random", "hubs", "sparse"):
        assert decided == 3, "float32 rules out most documents of such scores"


@each_method
@pytest.mark.parametrize("kind", ["random", "tied", "nearly tied", "hubs"])
def test_so_it_is_on_the_device_with_half_the_work_in_float64(method, kind: str) -> None:
    with simulated() as counts:
        one = case(method(0.05), kind, device="cuda", block=900)
        counts.clear()
        expected = one.everywhere()
        everywhere = counts["float64_bytes"]
        counts.clear()
        found = one.short()
        short = counts["float64_bytes"]
    decided = assert_same(found, expected)
    if kind in ("random", "hubs"):
        assert decided == 3
        assert short < everywhere / 2, "a block divided by the scale is float64 on both paths"


@each_method
@pytest.mark.parametrize("kind", ["random", "nearly tied", "negative", "hubs"])
@pytest.mark.parametrize("tau", [0.2, 1e-4])
def test_no_key_is_off_by_more_than_is_stated(method, kind: str, tau: float) -> None:
    one = case(method(tau), kind)
    # Keys of log shares are in units of tau.
    unit = tau if isinstance(one.method, Sinkhorn | InvertedSoftmax) and "lv" not in one.state.arrays else 1.0
    for block in one.test:
        keys, error = one.method.bounds(block, one.state, {})
        corrected = one.method.apply(block, one.state, {}).double() / unit
        known = error.expand_as(keys) < np.inf
        assert known.double().mean() > 0.99
        assert ((keys.double() - corrected).abs() <= error)[known].all()


def test_documents_that_float32_cannot_tell_apart_are_left_to_float64() -> None:
    assert case(InvertedSoftmax(tau=0.01), "nearly tied").short() == [None] * 3


class Other(InvertedSoftmax):
    """Ranks otherwise, and says nothing of bounds."""

    def apply(self, block: Block, state: State, row_stats):  # type: ignore[no-untyped-def]
        return -super().apply(block, state, row_stats)


class Both(Other):
    """A name alone."""


def test_bounds_are_of_the_class_whose_apply_they_are_about() -> None:
    assert states_bounds(InvertedSoftmax(tau=0.1))
    assert states_bounds(Dbsn(tau=0.1))
    assert not states_bounds(Other(tau=0.1))
    assert not states_bounds(Both(tau=0.1))
    assert case(Both(tau=0.1), "random").short() == [None] * 3


@pytest.mark.parametrize("returned", [torch.zeros(8, 200), (torch.zeros(8, 200).double(), torch.zeros(8, 1))])
def test_bounds_of_another_form_are_refused_by_name(returned: object) -> None:
    class Wrong(NoCorrection):
        """Breaks a rule."""

        def bounds(self, block, state, row_stats):  # type: ignore[no-untyped-def]
            return returned

    with pytest.raises(ContractError, match=r"Wrong\.bounds"):
        case(Wrong(), "random").short()


def test_a_key_that_is_not_a_number_leaves_the_answer_to_float64() -> None:
    class Broken(NoCorrection):
        """States nothing of one pair."""

        def bounds(self, block, state, row_stats):  # type: ignore[no-untyped-def]
            keys, error = super().bounds(block, state, row_stats)
            return torch.where(keys == keys.amax(), torch.nan, keys), error

    assert case(Broken(), "random").short() == [None] * 3
