from __future__ import annotations

import math
import tracemalloc
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sparsebench.statistics import sign_flip_p, step_down_p
from sparsebench.statistics import sign_flips as module
from sparsebench.statistics.sign_flips import chance

TENTHS = st.integers(-10, 10)


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


# ── two systems ─────────────────────────────────────────────────────────────────────────────────────────────


def test_three_queries_that_agree_are_two_of_eight_flips() -> None:
    assert sign_flip_p(np.array([1.0, 2.0, 3.0])) == 2 / 8


def test_flips_as_large_as_the_observed_count_although_floats_differ() -> None:
    # 0.1 + 0.2 - 0.3 is 5.6e-17: four of the eight flips have a mean of exactly 0, all reach the observed one.
    assert sign_flip_p(np.array([0.1, 0.2, -0.3])) == 1.0
    # |.1 + .2 + .3 - .6| is 0 and so is reached by all; without the last, .1 + .2 + .3 is reached by two.
    assert sign_flip_p(np.array([0.1, 0.2, 0.3, -0.6])) == 1.0
    assert sign_flip_p(np.array([0.1, 0.2, 0.3])) == 2 / 8


def test_thirds_stored_with_six_digits_still_tie() -> None:
    # 2 - 1 - 1 + 3 and -2 + 1 + 1 + 3 thirds are equal; as stored they are 1.000001 and 0.999999.
    assert sign_flip_p(np.array([0.666667, -0.333333, -0.333333, 1.0])) == 10 / 16


@given(st.lists(TENTHS, min_size=1, max_size=8))
def test_small_samples_are_enumerated_exactly(tenths: list[int]) -> None:
    exact = [Fraction(value, 10) for value in tenths]
    means = [abs(sum(sign * d for sign, d in zip(signs, exact, strict=True)))
             for signs in product((1, -1), repeat=len(exact))]  # fmt: skip
    expected = sum(mean >= abs(sum(exact)) for mean in means) / len(means)
    assert sign_flip_p(np.array(tenths) / 10) == expected


def test_scipys_exact_permutation_test_agrees() -> None:
    x, y = normal(2, 8)
    found = stats.permutation_test(
        (x, y), lambda a, b, axis: (a - b).mean(axis=axis), permutation_type="samples", vectorized=True
    )
    assert sign_flip_p(x - y) == pytest.approx(found.pvalue)


def test_random_flips_approach_the_enumeration() -> None:
    differences = normal(13) + 0.3
    exact = sign_flip_p(differences, flips=2**13)
    drawn = sign_flip_p(differences, flips=2**13 - 2)
    assert drawn != exact
    assert drawn == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 2**13))


def test_the_smallest_p_of_random_flips_is_one_in_b_plus_one() -> None:
    assert sign_flip_p(np.ones(60)) == 1 / 10_000


def test_identical_systems_have_p_1() -> None:
    assert sign_flip_p(np.zeros(30)) == 1.0


@given(st.lists(TENTHS, min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_swapping_systems_and_reordering_queries_change_nothing(tenths: list[int], random: object) -> None:
    differences = np.array(tenths) / 7
    shuffled = differences[np.random.default_rng(len(tenths)).permutation(len(tenths))]
    p = sign_flip_p(differences, flips=99)
    assert 0 < p <= 1
    assert sign_flip_p(-shuffled, flips=99) == p


def test_queries_without_a_difference_change_nothing() -> None:
    differences = normal(20)
    assert sign_flip_p(np.concatenate([differences, np.zeros(100)])) == sign_flip_p(differences)


def test_the_null_hypothesis_is_rejected_as_often_as_stated() -> None:
    p = np.array([sign_flip_p(sample, flips=199) for sample in normal(600, 20)])
    assert 0.03 < np.mean(p <= 0.05) < 0.07
    assert 0.45 < np.mean(p <= 0.5) < 0.55


def test_the_size_of_a_chunk_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    differences, values = normal(70) + 0.2, normal(3, 70)
    p, pairs = sign_flip_p(differences), step_down_p(values)
    monkeypatch.setattr(module, "_CHUNK", 70 * 13)
    assert sign_flip_p(differences) == p
    np.testing.assert_array_equal(step_down_p(values), pairs)


def test_ten_thousand_queries_need_bounded_memory() -> None:
    differences = normal(10_000) + 0.01
    tracemalloc.start()
    sign_flip_p(differences)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200 * 2**20  # the whole of the signs would be 763 MiB


# ── all pairs ───────────────────────────────────────────────────────────────────────────────────────────────


def t_of(differences: np.ndarray) -> float:
    """Student's t of paired differences, by its definition; rounding aside."""
    deviation = differences.std(ddof=1)
    return (
        math.inf if deviation < 1e-12 else round(abs(differences.mean()) / (deviation / np.sqrt(len(differences))), 9)
    )


def by_definition(values: np.ndarray) -> np.ndarray:
    """Romano and Wolf's algorithm in loops: decide the pair with the largest |t|, leave it out, go on."""
    systems, queries = values.shape
    differences = {(i, j): values[i] - values[j] for i, j in combinations(range(systems), 2)}
    observed = {pair: t_of(d) for pair, d in differences.items()}
    flips = [np.array(signs) for signs in product((1.0, -1.0), repeat=queries)]
    shown = {pair: [t_of(signs * d) for signs in flips] for pair, d in differences.items()}
    p, least, undecided = np.ones((systems, systems)), 0.0, set(differences)
    while undecided:
        pair = max(undecided, key=lambda each: observed[each])
        largest = np.max([shown[each] for each in undecided], axis=0)
        least = max(least, float(np.mean(largest >= observed[pair])))
        p[pair] = p[pair[::-1]] = least
        undecided.remove(pair)
    return p


@pytest.mark.parametrize("seed", range(4))
def test_all_pairs_are_romano_and_wolfs_algorithm(seed: int) -> None:
    values = normal(4, 6, seed=seed) + np.array([[0.0], [0.0], [0.5], [5.0]])
    np.testing.assert_allclose(step_down_p(values), by_definition(values))


def test_three_systems_by_hand() -> None:
    # Sums over roots of sums of squares: 3 / sqrt(3), 2 / sqrt(1.5), 1 / sqrt(.5), from the first to the last pair.
    values = np.array([[1.0, 1.0, 1.0], [0.5, 0.5, 0.0], [0.0, 0.0, 0.0]])
    found = step_down_p(values)
    assert found[0, 2] == 2 / 8  # the two flips that agree
    assert found[0, 1] == 2 / 8
    assert found[1, 2] == 4 / 8  # alone by now: its two queries agree in every other flip


def worlds(count: int) -> np.ndarray:
    """Of values (count, 5, 83): three systems .04 apart, as a board has them, and two that are made to be weak."""
    rng = np.random.default_rng(1)
    difficulty = rng.uniform(0.1, 0.9, size=(count, 1, 83))
    noise = rng.normal(scale=0.12, size=(count, 5, 83))
    return np.clip(difficulty + np.array([0.0, 0.04, 0.08, -0.45, -0.5])[:, None] + noise, 0, 1)


def test_bad_rows_do_not_erase_the_differences_between_the_others() -> None:
    """One step over unstudentised means finds a fifth of what it finds without the bad rows; this loses a few."""
    without, with_bad, one_step = 0, 0, 0
    for values in worlds(40):
        without += step_down_p(values[:3], flips=999)[0, 2] <= 0.05
        with_bad += step_down_p(values, flips=999)[0, 2] <= 0.05
        signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(999, 83))
        largest = np.ptp(signs @ values.T, axis=1)
        one_step += (1 + np.sum(largest >= abs(values[0].sum() - values[2].sum()))) / 1000 <= 0.05
    assert without >= 35
    assert with_bad >= without - 3
    assert one_step < without / 2


def test_a_system_that_is_far_off_costs_the_others_nothing_but_its_pairs() -> None:
    values = normal(3, 40) + np.array([[0.0], [0.7], [0.0]])
    far = np.concatenate([values, values[:1] - 1000])
    alone, beside = step_down_p(values), step_down_p(far)[:3, :3]
    # Its pairs are decided first, so what is left is the same test.
    np.testing.assert_allclose(beside, np.maximum(alone, step_down_p(far)[3, :3].max()))


def test_two_systems_are_the_paired_test() -> None:
    values = normal(2, 10)
    assert step_down_p(values)[0, 1] == sign_flip_p(values[0] - values[1])


@given(st.lists(st.lists(TENTHS, min_size=6, max_size=6), min_size=1, max_size=4))
def test_corrected_ps_are_symmetric_and_never_below_uncorrected_ones(rows: list[list[int]]) -> None:
    values = np.array(rows) / 10
    p = step_down_p(values)
    assert (p == p.T).all()
    assert (np.diag(p) == 1).all()
    for i, j in combinations(range(len(rows)), 2):
        assert sign_flip_p(values[i] - values[j]) <= p[i, j] <= 1


def test_permuting_systems_permutes_the_ps() -> None:
    values, order = normal(4, 30), [2, 0, 3, 1]
    np.testing.assert_array_equal(step_down_p(values[order]), step_down_p(values)[np.ix_(order, order)])


def test_a_false_difference_among_all_pairs_is_as_rare_as_stated() -> None:
    false = [(step_down_p(values, flips=199) <= 0.05).any() for values in normal(400, 5, 20)]
    assert 0.02 < np.mean(false) < 0.08


def test_it_stays_as_rare_where_other_systems_differ() -> None:
    shift = np.array([[0.0], [0.0], [0.0], [3.0], [-3.0]])
    false = [(step_down_p(values + shift, flips=199)[:3, :3] <= 0.05).any() for values in normal(400, 5, 20)]
    assert 0.02 < np.mean(false) < 0.08


# ── how sure a p value of random flips is ───────────────────────────────────────────────────────────────────


def test_the_interval_of_a_p_value_holds_that_of_all_flips() -> None:
    held = []
    for seed in range(200):
        differences = normal(13, seed=seed) + 0.3
        low, high = chance(sign_flip_p(differences, flips=999, seed=seed), 13, 999)
        held.append(low <= sign_flip_p(differences, flips=2**13) <= high)
    assert np.mean(held) > 0.96


def test_a_p_value_of_all_flips_is_certain() -> None:
    assert chance(0.05, 10, 9_999) == (0.05, 0.05)


def test_more_flips_begin_with_fewer() -> None:
    patterns = [np.concatenate(list(module._signs(70, flips, 0))) for flips in (99, 399)]
    np.testing.assert_array_equal(patterns[0], patterns[1][:99])
