"""Tests that chance would decide get more flips, the same ones every time, up to a maximum."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sparsebench.statistics import Settings, holm, sign_flip_p, step_down_p
from sparsebench.statistics.refined import all_pairs, family
from sparsebench.statistics.sign_flips import chance

SETTINGS = Settings(flips=999, most_flips=15_999)


def with_p(p: float, *, n: int = 60, seed: int = 0) -> np.ndarray:
    """Differences whose sign-flip p value is close to p: shifted until it is."""
    noise = np.random.default_rng(seed).normal(size=n)
    noise -= noise.mean()
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if sign_flip_p(noise + middle, flips=15_999) > p else (low, middle)
    return noise + high


@pytest.mark.parametrize(("p", "flips"), [(0.5, 999), (0.001, 999), (0.035, 3_999), (0.05, 15_999)])
def test_a_p_near_the_bound_gets_more_flips_and_others_none(p: float, flips: int) -> None:
    (found,) = family([with_p(p)], SETTINGS)
    assert found.flips == flips
    assert found.p == found.p_holm == sign_flip_p(with_p(p), flips=flips)
    low, high = chance(found.p, 60, found.flips)
    assert found.is_near == (low < 0.05 < high) == (p == 0.05)


def test_the_bound_is_that_of_holm() -> None:
    differences = [with_p(p, seed=seed) for seed, p in enumerate((0.025, 0.3))]
    first, second = family(differences, SETTINGS)
    assert (first.flips, second.flips) == (15_999, 999)  # .025 of two tests is .05
    assert [first.p_holm, second.p_holm] == holm(np.array([first.p, second.p])).tolist()


def test_where_all_flips_are_there_no_more_are_asked_for() -> None:
    differences = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0])  # p = 2 / 32
    (found,) = family([differences], replace(SETTINGS, alpha=2 / 32))
    assert (found.p, found.flips, found.is_near) == (2 / 32, 999, False)


def test_all_pairs_get_more_flips_where_any_is_near() -> None:
    zero, far = np.zeros(60), np.full(60, 9.0)
    clear = np.stack([zero, far + with_p(0.5)])
    assert all_pairs(clear, SETTINGS)[1] == 999
    near = np.stack([zero, with_p(0.05)])
    p_values, flips = all_pairs(near, SETTINGS)
    assert flips == 15_999
    np.testing.assert_array_equal(p_values, step_down_p(near, flips=15_999))


def test_a_family_of_none_is_empty() -> None:
    assert family([], SETTINGS) == []
