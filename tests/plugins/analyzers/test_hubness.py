"""Hubs and antihubs in what a system returns (METHODS 3.5)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sparsebench.contracts import CellContext, NotApplicable
from sparsebench.registry.parameters import ParameterError, validate
from sparsebench.types import Run
from sparsebench_plugins.analyzers.hubness import Hubness, occurrences, robin_hood, skewness


def context(tops: list[str], documents: int, depth: int = 10) -> CellContext:
    """A run of one query for each text; its letters are documents, best first."""
    run = {f"q{n}": {doc: float(-place) for place, doc in enumerate(top)} for n, top in enumerate(tops)}
    return CellContext(run=run, qrels={}, documents=documents, depth=depth)


def test_a_hub_by_hand() -> None:
    # N_2 = 3 (a), 1 (b), 1 (c), 1 (d), 0, 0: mean 1, deviations 2, 0, 0, 0, -1, -1: (8 - 2)/6 over ((4 + 2)/6)^1.5.
    found = Hubness(k=2).analyze(context(["abx", "ac", "ad"], documents=6)).values
    assert found == {
        "k": 2,
        "skewness": 1.0,
        "robin_hood": 4 / 12,
        "antihub_share": 2 / 6,
        "max": 3,
    }


def test_documents_that_no_query_has_count() -> None:
    few, many = (Hubness(k=1).analyze(context(["a", "b", "a"], documents=n)).values for n in (3, 100))
    assert few["antihub_share"] == pytest.approx(1 / 3)
    assert many["antihub_share"] == 0.98
    assert many["skewness"] > few["skewness"]


def test_documents_that_are_all_alike_have_no_skewness() -> None:
    found = Hubness(k=1).analyze(context(["a", "b", "c"], documents=3)).values
    assert found == {"k": 1, "skewness": None, "robin_hood": 0.0, "antihub_share": 0.0, "max": 1}


def test_a_run_without_a_hit_has_antihubs_only() -> None:
    found = Hubness().analyze(context(["", ""], documents=3)).values
    assert found == {"k": 10, "skewness": None, "robin_hood": None, "antihub_share": 1.0, "max": 0}


def test_a_run_shorter_than_k_cannot_tell() -> None:
    with pytest.raises(NotApplicable, match=r"the run is 5 deep, and N_10 needs the 10 best"):
        Hubness().analyze(context(["a"], documents=3, depth=5))
    with pytest.raises(ParameterError, match="k"):
        validate(Hubness, {"k": 0})


counts = st.lists(st.integers(0, 20), min_size=1, max_size=30).map(np.array)


@given(counts)
def test_skewness_is_that_of_scipy(values: np.ndarray) -> None:
    if np.ptp(values):
        assert skewness(values) == pytest.approx(stats.skew(values), abs=1e-9)
    else:
        assert skewness(values) is None


@given(counts)
def test_robin_hood_is_what_the_rich_have_too_much(values: np.ndarray) -> None:
    if values.sum():
        too_much = np.maximum(values - values.mean(), 0).sum() / values.sum()
        assert robin_hood(values) == pytest.approx(too_much, abs=1e-12)


@given(st.lists(st.permutations("abcdef"), max_size=8), st.integers(1, 6))
def test_every_place_is_counted_once(tops: list[list[str]], k: int) -> None:
    run: Run = {str(n): dict.fromkeys(top, 0.0) for n, top in enumerate(tops)}
    assert occurrences(run, k, 9).sum() == k * len(tops)
