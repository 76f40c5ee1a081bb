from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower
from statsmodels.stats.weightstats import DescrStatsW, ttost_paired

from sparsebench.statistics import effect_size, equivalence_p, minimal_detectable_difference, paired_t_p


def differences(n: int, mean: float = 0.05, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 0.2, size=n)


@pytest.mark.parametrize("n", [2, 13, 300])
def test_the_t_test_is_scipys_and_statsmodels(n: int) -> None:
    y = np.random.default_rng(1).random(n)
    x = y + differences(n)
    assert paired_t_p(x - y) == pytest.approx(stats.ttest_rel(x, y).pvalue)
    assert paired_t_p(x - y) == pytest.approx(DescrStatsW(x - y).ttest_mean(0.0)[1])


def test_the_effect_size_by_hand() -> None:
    # d_z = 2 / 1, and with two degrees of freedom J = gamma(1) / gamma(1/2) = 1 / sqrt(pi).
    assert effect_size(np.array([1.0, 2.0, 3.0])) == pytest.approx(2 / np.sqrt(np.pi))


def test_the_effect_size_has_no_bias_in_small_samples() -> None:
    samples = np.random.default_rng(0).normal(0.5, 1.0, size=(20_000, 6))
    found = np.array([effect_size(sample) for sample in samples])
    assert found.mean() == pytest.approx(0.5, abs=4 * found.std() / np.sqrt(len(found)))
    raw = samples.mean(axis=1) / samples.std(axis=1, ddof=1)
    assert raw.mean() > 0.55


def test_swapping_systems_turns_the_effect_round() -> None:
    assert effect_size(-differences(20)) == pytest.approx(-effect_size(differences(20)))  # type: ignore[operator]


@pytest.mark.parametrize("n", [5, 43, 300, 7_000])
@pytest.mark.parametrize(("alpha", "power"), [(0.05, 0.8), (0.01, 0.9)])
def test_the_detectable_difference_is_statsmodels(n: int, alpha: float, power: float) -> None:
    sample = differences(n)
    expected = TTestPower().solve_power(None, nobs=n, alpha=alpha, power=power) * sample.std(ddof=1)
    assert minimal_detectable_difference(sample, alpha=alpha, power=power) == pytest.approx(expected, rel=1e-4)


def test_four_of_five_experiments_find_the_detectable_difference() -> None:
    detectable = minimal_detectable_difference(differences(20))
    assert detectable is not None
    spread = differences(20).std(ddof=1)
    found = stats.ttest_1samp(np.random.default_rng(1).normal(detectable, spread, size=(4_000, 20)), 0.0, axis=1)
    assert np.mean(found.pvalue <= 0.05) == pytest.approx(0.8, abs=0.025)


@pytest.mark.parametrize("margin", [0.01, 0.05, 0.2])
def test_equivalence_is_statsmodels(margin: float) -> None:
    y = np.random.default_rng(1).random(60)
    x = y + differences(60, mean=0.02)
    expected = ttost_paired(x, y, -margin, margin)[0]
    assert equivalence_p(x - y, margin=margin) == pytest.approx(expected)


def test_a_wider_margin_is_easier_and_a_difference_beyond_it_is_not_equivalent() -> None:
    sample = differences(200, mean=0.0)
    ps = [equivalence_p(sample, margin=margin) for margin in (0.01, 0.05, 0.1)]
    assert ps == sorted(ps, reverse=True)  # type: ignore[type-var]
    assert ps[-1] is not None
    assert ps[-1] < 0.001
    beyond = equivalence_p(sample + 0.2, margin=0.1)
    assert beyond is not None
    assert beyond > 0.999


@pytest.mark.parametrize(
    "of", [paired_t_p, effect_size, minimal_detectable_difference, lambda d: equivalence_p(d, margin=0.1)]
)
@pytest.mark.parametrize(
    "sample",
    [[0.3], [0.0, 0.0, 0.0], [0.25, 0.25, 0.25], [0.9 - 0.6, 0.8 - 0.5, 0.3], [0.333333, 0.333334, 0.333333]],
    ids=["one query", "no difference", "one difference", "float noise", "six digits"],
)
def test_without_variance_there_is_nothing_to_say(
    of: Callable[[np.ndarray], float | None], sample: list[float]
) -> None:
    assert of(np.array(sample)) is None


def test_two_queries_have_no_effect_size() -> None:
    assert effect_size(np.array([0.1, 0.2])) is None
    assert paired_t_p(np.array([0.1, 0.2])) is not None
