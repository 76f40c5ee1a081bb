from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sparsebench.statistics import Interval, difference_of_differences, macro_interval, mean_interval

SIXTHS = st.lists(st.integers(0, 6), min_size=2, max_size=80)


def skewed(n: int, seed: int = 0) -> np.ndarray:
    """Like a measure: in [0, 1], most values small."""
    return np.random.default_rng(seed).beta(0.4, 1.2, size=n)


def ends(interval: Interval | None) -> tuple[float, float]:
    assert interval is not None
    return interval.low, interval.high


# ── means ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_below_fifty_queries_the_interval_is_of_percentiles() -> None:
    assert mean_interval(skewed(49)).method == "percentile"  # type: ignore[union-attr]
    assert mean_interval(skewed(50)).method == "BCa"  # type: ignore[union-attr]


def test_all_resamples_of_five_queries_have_these_percentiles() -> None:
    values = np.array([0.0, 0.1, 0.3, 0.5, 1.0])
    means = [np.mean(drawn) for drawn in product(values, repeat=5)]
    exact = np.percentile(means, [2.5, 97.5])
    assert ends(mean_interval(values)) == pytest.approx(tuple(exact), abs=0.021)  # a neighbouring mean, at most


def test_bca_by_its_definition() -> None:
    """Efron 1987, written out: bias z0 from the share of resamples below, acceleration a from the jackknife."""
    values, rng = skewed(60), np.random.default_rng(1)
    means = np.sort(rng.multinomial(60, [1 / 60] * 60, size=200_000) @ values / 60)
    z0 = stats.norm.ppf(np.mean(means < values.mean()))
    left_out = (values.sum() - values) / 59
    deviation = left_out.mean() - left_out
    a = (deviation**3).sum() / (6 * (deviation**2).sum() ** 1.5)
    z = z0 + stats.norm.ppf([0.025, 0.975])
    expected = np.quantile(means, stats.norm.cdf(z0 + z / (1 - a * z)))
    found = ends(mean_interval(values))
    assert found == pytest.approx(tuple(expected), abs=0.02 * (expected[1] - expected[0]))


@pytest.mark.parametrize("n", [30, 80])
def test_intervals_cover_the_mean_as_often_as_stated(n: int) -> None:
    intervals = [ends(mean_interval(skewed(n, seed), resamples=499)) for seed in range(300)]
    covered = np.mean([low <= 0.25 <= high for low, high in intervals])
    assert 0.90 < covered < 0.98


def test_equal_values_are_a_point_and_one_query_has_no_interval() -> None:
    assert mean_interval(np.full(60, 0.3)) == Interval(pytest.approx(0.3), pytest.approx(0.3), "point")
    assert mean_interval(np.array([0.3])) is None


@settings(max_examples=50)
@given(SIXTHS)
def test_an_interval_contains_the_mean_and_lies_within_the_values(sixths: list[int]) -> None:
    values = np.array(sixths) / 6
    low, high = ends(mean_interval(values, resamples=999))
    assert values.min() - 1e-12 <= low <= values.mean() + 1e-12
    assert values.mean() - 1e-12 <= high <= values.max() + 1e-12


def test_the_order_of_queries_changes_nothing_and_another_seed_a_little() -> None:
    values = skewed(60)
    found = mean_interval(values)
    assert mean_interval(values[::-1]) == found
    other = ends(mean_interval(values, seed=1))
    assert other != ends(found)
    assert other == pytest.approx(ends(found), abs=0.01)


def test_less_confidence_is_a_shorter_interval_inside() -> None:
    wide, short = ends(mean_interval(skewed(60))), ends(mean_interval(skewed(60), confidence=0.8))
    assert wide[0] < short[0] < short[1] < wide[1]


# ── means over collections ──────────────────────────────────────────────────────────────────────────────────


def test_one_collection_is_its_own_macro_average() -> None:
    assert macro_interval([skewed(60)]) == mean_interval(skewed(60))


def test_queries_are_resampled_inside_their_collection() -> None:
    # Drawn from both as one pile, means would lie anywhere between the two.
    assert macro_interval([np.full(60, 0.25), np.full(60, 0.75)]) == Interval(0.5, 0.5, "point")
    low, high = ends(macro_interval([np.full(60, 0.25), 0.75 + 0.01 * np.sign(np.arange(60) - 29.5)]))
    assert 0.498 < low < 0.5 < high < 0.502


def test_collections_weigh_the_same_whatever_their_size() -> None:
    samples = [skewed(60), skewed(2_000, seed=1), skewed(500, seed=2)]
    low, high = ends(macro_interval(samples))
    mean = np.mean([sample.mean() for sample in samples])
    error = np.sqrt(sum(sample.var(ddof=1) / len(sample) for sample in samples)) / 3
    assert (low + high) / 2 == pytest.approx(mean, abs=0.2 * error)
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.05)


def test_a_small_collection_makes_percentiles_and_one_with_a_single_query_nothing() -> None:
    assert macro_interval([skewed(60), skewed(49)]).method == "percentile"  # type: ignore[union-attr]
    assert macro_interval([skewed(60), np.array([0.5])]) is None


# ── in-domain minus out-of-domain ───────────────────────────────────────────────────────────────────────────


def effects(mean: float, *sizes: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(mean, 0.2, size=n) for n in sizes]


def test_the_estimate_is_between_means_of_means() -> None:
    found = difference_of_differences([np.array([0.1, 0.3])], [np.array([0.0, 0.2]), np.array([0.2, 0.2, 0.8])])
    assert (found.in_domain, found.out_of_domain) == (pytest.approx(0.2), pytest.approx(0.25))
    assert found.estimate == pytest.approx(-0.05)


def test_an_interaction_is_found_and_turns_with_the_domains() -> None:
    inside, outside = effects(0.1, 60, 200), effects(0.0, 80, 100, 300, seed=1)
    found, turned = difference_of_differences(inside, outside), difference_of_differences(outside, inside)
    low, high = ends(found.interval)
    assert 0 < low < found.estimate < high
    assert found.p is not None
    assert found.p < 0.001
    assert turned.estimate == -found.estimate
    assert ends(turned.interval) == pytest.approx((-high, -low), abs=0.003)


def test_an_effect_common_to_both_domains_is_no_interaction() -> None:
    found = difference_of_differences(effects(0.3, 100), effects(0.3, 100, 100, seed=1))
    low, high = ends(found.interval)
    assert low < 0 < high
    assert found.p is not None
    assert found.p > 0.05


def test_interactions_that_are_not_there_are_found_as_rarely_as_stated() -> None:
    found = [
        difference_of_differences(effects(0.1, 60, 80, seed=seed), effects(0.1, 70, seed=seed + 1_000), resamples=199)
        for seed in range(300)
    ]
    assert np.mean([each.p <= 0.05 for each in found if each.p]) < 0.09
    covered = np.mean([low <= 0 <= high for low, high in (ends(each.interval) for each in found)])
    assert 0.91 < covered < 0.98


def test_the_p_of_an_interaction_is_near_the_normal_one() -> None:
    inside, outside = effects(0.05, 300), effects(0.0, 300, 300, seed=1)
    found = difference_of_differences(inside, outside)
    error = np.sqrt(inside[0].var() / 300 + sum(sample.var() / 300 for sample in outside) / 4)
    assert found.p == pytest.approx(2 * stats.norm.sf(abs(found.estimate) / error), abs=0.01)


def test_one_query_alone_has_neither_interval_nor_p_and_equal_effects_no_p() -> None:
    alone = difference_of_differences([np.array([0.5])], effects(0.0, 60))
    assert (alone.estimate, alone.interval, alone.p) == (pytest.approx(0.5, abs=0.1), None, None)
    equal = difference_of_differences([np.zeros(60)], [np.zeros(60)])
    assert (equal.interval, equal.p) == (Interval(0.0, 0.0, "point"), None)
