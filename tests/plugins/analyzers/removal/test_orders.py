from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparsebench_plugins.analyzers.removal.orders import log_weights, removal_grid, removal_steps, strata
from sparsebench_plugins.analyzers.wackiness.scores import TokenScores

SEEDS = st.integers(0, 2**32 - 1)


def token_scores(utilities: list[float], occurrences: list[int] | None = None) -> TokenScores:
    n = len(utilities)
    values = np.array(utilities)
    counts = np.array(occurrences or [4] * n)
    return TokenScores(np.arange(n), values, counts, np.ones(n), 1.0, 1 - np.clip(values, 0, 1))


def random_scores(seed: int, n: int = 300) -> TokenScores:
    rng = np.random.default_rng(seed)
    return token_scores(np.round(rng.random(n), 1).tolist(), rng.geometric(0.02, n).tolist())


def gone(steps: np.ndarray, point: int) -> list[list[int]]:
    """The tokens that each repetition has removed at a point of the grid."""
    return [np.flatnonzero(row <= point).tolist() for row in steps]


def test_the_grid_is_geometric_and_ends_with_all_tokens():
    assert removal_grid(200).tolist() == [1, 2, 3, 4, 6, 10, 16, 26, 41, 65, 103, 164, 200]
    assert removal_grid(164).tolist()[-2:] == [103, 164]


def test_the_mean_over_the_grid_is_the_area_over_ln_k():
    grid = np.array([1, 10, 100, 10_000])
    assert log_weights(grid) == pytest.approx([1 / 8, 1 / 4, 3 / 8, 1 / 4])
    # A curve that is a line over ln K has the mean of its ends, wherever the points lie.
    for n in (200, 1_000, 4_171):
        grid = removal_grid(n)
        assert np.log(grid) @ log_weights(grid) == pytest.approx(np.log(n) / 2)


def test_the_wackiest_have_the_least_utility_and_equal_ones_go_by_id():
    steps = removal_steps(token_scores([0.5, 0.0, 0.9, 0.0, 0.5]), np.array([1, 2, 3, 5]), repetitions=1, seed=0)
    assert [gone(steps["wackiest"], point)[0] for point in range(4)] == [[1], [1, 3], [0, 1, 3], [0, 1, 2, 3, 4]]
    assert [gone(steps["least_wacky"], point)[0] for point in range(3)] == [[2], [0, 2], [0, 2, 4]]


@given(SEEDS)
def test_every_arm_has_removed_k_tokens_at_each_k(seed: int):
    scores = random_scores(seed)
    grid = removal_grid(scores.terms.size)
    for steps in removal_steps(scores, grid, repetitions=3, seed=seed).values():
        for row in steps:
            assert [np.count_nonzero(row <= point) for point in range(grid.size)] == grid.tolist()


@given(SEEDS)
def test_matched_tokens_occur_as_often_as_the_wackiest_at_every_k(seed: int):
    scores = random_scores(seed)
    grid = removal_grid(scores.terms.size)
    steps = removal_steps(scores, grid, repetitions=3, seed=seed)
    levels = strata(scores.occurrences)
    for point in range(grid.size):
        expected = np.bincount(levels[gone(steps["wackiest"], point)[0]], minlength=60).tolist()
        assert [np.bincount(levels[tokens], minlength=60).tolist() for tokens in gone(steps["matched"], point)] == [
            expected
        ] * 3


def test_tokens_of_a_stratum_occur_equally_often_within_a_quarter():
    counts = np.arange(1, 10_000)
    levels = strata(counts)
    for level in np.unique(levels):
        inside = counts[levels == level]
        assert inside.max() < 1.25 * inside.min() * (1 + 1e-12)


def test_random_orders_reach_every_token_alike():
    scores = token_scores([0.0] * 200)
    steps = removal_steps(scores, removal_grid(200), repetitions=999, seed=0)
    first = (steps["random"] <= removal_grid(200).tolist().index(103)).mean(axis=0)
    assert first == pytest.approx(np.full(200, 103 / 200), abs=0.08)  # 5 standard errors
    matched = (steps["matched"] <= removal_grid(200).tolist().index(103)).mean(axis=0)  # one stratum: uniform, too
    assert matched == pytest.approx(np.full(200, 103 / 200), abs=0.08)


def test_a_token_that_no_other_is_matched_with_keeps_its_place():
    scores = token_scores([0.3, 0.2, 0.1, 0.0], [4, 100, 4, 4])
    steps = removal_steps(scores, np.array([1, 2, 3, 4]), repetitions=20, seed=0)
    assert set(steps["matched"][:, 1]) == {2}
    assert set(steps["matched"][:, 0]) == {0, 1, 3}


def test_the_seed_alone_decides_the_orders():
    scores = random_scores(7)
    draws = [removal_steps(scores, removal_grid(300), repetitions=2, seed=seed) for seed in (1, 1, 2)]
    for arm in ("random", "matched"):
        assert draws[0][arm].tolist() == draws[1][arm].tolist() != draws[2][arm].tolist()
