from __future__ import annotations

import tracemalloc
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sparsebench.statistics import randomised_tukey, sign_flip_p
from sparsebench.statistics import sign_flips as module

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
    p, pairs = sign_flip_p(differences), randomised_tukey(values)
    monkeypatch.setattr(module, "_CHUNK", 70 * 13)
    assert sign_flip_p(differences) == p
    np.testing.assert_array_equal(randomised_tukey(values), pairs)


def test_ten_thousand_queries_need_bounded_memory() -> None:
    differences = normal(10_000) + 0.01
    tracemalloc.start()
    sign_flip_p(differences)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200 * 2**20  # the whole of the signs would be 763 MiB


# ── all pairs ───────────────────────────────────────────────────────────────────────────────────────────────


def by_definition(values: np.ndarray) -> np.ndarray:
    """Every flip, every pair, in loops."""
    systems, queries = values.shape
    largest = [
        max(abs(np.dot(signs, values[i] - values[j])) for i, j in combinations(range(systems), 2))
        for signs in product((1.0, -1.0), repeat=queries)
    ]
    observed = np.abs([[(a - b).sum() for b in values] for a in values])
    return np.array([[np.mean([t >= o - 1e-9 for t in largest]) for o in row] for row in observed])


@pytest.mark.parametrize("seed", range(3))
def test_all_pairs_are_enumerated_as_defined(seed: int) -> None:
    values = normal(4, 6, seed=seed) + np.array([[0.0], [0.0], [0.5], [1.0]])
    np.testing.assert_allclose(randomised_tukey(values), by_definition(values))


def test_three_systems_by_hand() -> None:
    # Flips of (1, 1, 1): only the two that agree make a range of 3 between the first and the last system.
    values = np.array([[1.0, 1.0, 1.0], [0.5, 0.5, 0.0], [0.0, 0.0, 0.0]])
    found = randomised_tukey(values)
    assert found[0, 2] == 2 / 8
    # Means 3 and 1 differ by 2; ranges are 3 twice, else 1: |1 + 1 - 1|.
    assert found[0, 1] == 2 / 8
    assert found[1, 2] == 1.0


def test_two_systems_are_the_paired_test() -> None:
    values = normal(2, 10)
    assert randomised_tukey(values)[0, 1] == sign_flip_p(values[0] - values[1])


@given(st.lists(st.lists(TENTHS, min_size=6, max_size=6), min_size=1, max_size=4))
def test_corrected_ps_are_symmetric_and_never_below_uncorrected_ones(rows: list[list[int]]) -> None:
    values = np.array(rows) / 10
    p = randomised_tukey(values)
    assert (p == p.T).all()
    assert (np.diag(p) == 1).all()
    for i, j in combinations(range(len(rows)), 2):
        assert sign_flip_p(values[i] - values[j]) <= p[i, j] <= 1


def test_permuting_systems_permutes_the_ps() -> None:
    values, order = normal(4, 30), [2, 0, 3, 1]
    np.testing.assert_array_equal(randomised_tukey(values[order]), randomised_tukey(values)[np.ix_(order, order)])


def test_a_false_difference_among_all_pairs_is_as_rare_as_stated() -> None:
    false = [(randomised_tukey(values, flips=199) <= 0.05).any() for values in normal(400, 5, 20)]
    assert 0.02 < np.mean(false) < 0.08
