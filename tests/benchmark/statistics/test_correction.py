from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from sparsebench.statistics import holm, shared_ranks

P_VALUES = st.lists(st.floats(1e-6, 1.0) | st.sampled_from([0.0001, 0.01, 0.05]), min_size=1, max_size=12)


def test_holm_by_hand() -> None:
    # .01 x 3; .03 x 2; .04 x 1, which may not fall below .06.
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03])), [0.03, 0.06, 0.06])


def test_an_empty_family_has_nothing_to_correct() -> None:
    assert holm(np.array([])).shape == (0,)


@pytest.mark.parametrize("m", [1, 2, 5, 20])
def test_holm_is_statsmodels(m: int) -> None:
    p_values = np.random.default_rng(m).random(m).round(1) ** 3  # few values, so that some are equal
    np.testing.assert_allclose(holm(p_values), multipletests(p_values, method="holm")[1])


@given(P_VALUES)
def test_holm_keeps_the_order_and_never_makes_a_p_smaller(p_values: list[float]) -> None:
    raw = np.array(p_values)
    corrected = holm(raw)
    assert (corrected >= raw).all()
    assert (corrected <= 1).all()
    assert (np.diff(corrected[np.argsort(raw, kind="stable")]) >= 0).all()


@given(P_VALUES)
def test_the_smallest_p_is_bonferronis(p_values: list[float]) -> None:
    raw = np.array(p_values)
    assert holm(raw)[raw.argmin()] == min(1.0, raw.min() * len(raw))


def test_a_rank_counts_the_systems_that_are_significantly_better() -> None:
    # a and b cannot be told apart, nor b and c; a beats c, and all beat d.
    p = np.array([[1, 0.5, 0.01, 0.01], [0.5, 1, 0.2, 0.01], [0.01, 0.2, 1, 0.01], [0.01, 0.01, 0.01, 1]])
    means = np.array([0.5, 0.48, 0.45, 0.1])
    assert shared_ranks(p, means).tolist() == [1, 1, 2, 4]
    assert shared_ranks(p, means, alpha=0.001).tolist() == [1, 1, 1, 1]
    assert shared_ranks(p, -means).tolist() == [3, 2, 2, 1]
