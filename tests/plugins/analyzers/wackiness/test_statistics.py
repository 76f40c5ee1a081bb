"""The test vectors of METHODS 2.3 that are formulas alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparsebench_plugins.analyzers.wackiness.statistics import (
    curve,
    decay,
    inverse_document_frequency,
    paper_area,
    robust_area,
    term_frequency,
    wackiness,
)

MS_MARCO = 8_841_823
FIVE_TOKENS = np.array([1, 0.75, 0.7, 0, 0])
unit_values = st.lists(st.floats(0, 1), min_size=2, max_size=3000).map(np.array)


@pytest.mark.parametrize(
    ("df", "expected"),
    [
        (0, 16.995004),
        (1, 16.301857),
        (9, 14.692419),
        (100, 12.379883),
        (10_000, 7.784563),
        (1_000_000, 3.179492),
        (MS_MARCO, 1.0),
    ],
)
def test_idf_of_ms_marco(df: int, expected: float):
    assert inverse_document_frequency(np.array([df]), MS_MARCO)[0] == pytest.approx(expected, abs=5e-7)


def test_decay_by_rank_from_zero():
    expected = [1.442695, 0.910239, 0.721348, 0.417032, 0.216679]
    assert decay(np.array([0, 1, 2, 9, 99])) == pytest.approx(expected, abs=5e-7)
    assert decay(np.arange(10)).sum() == pytest.approx(6.554971, abs=5e-7)
    assert decay(np.arange(100)).sum() == pytest.approx(30.208117, abs=5e-7)


@pytest.mark.parametrize(("count", "length", "expected"), [(1, 3, 0.721348), (2, 5, 1.116221), (3, 100, 0.650037)])
def test_tf_divides_by_the_log_of_the_length(count: int, length: int, expected: float):
    assert term_frequency(np.array([count]), np.array([length]))[0] == pytest.approx(expected, abs=5e-7)


def test_tf_in_an_empty_document_is_zero():
    assert term_frequency(np.array([0]), np.array([0]))[0] == 0


def test_wackiness_is_the_distance_from_the_normaliser():
    assert wackiness(np.array([4, 0, 1.2, 4, 1]), 4).tolist() == pytest.approx([0, 1, 0.7, 0, 0.75])


def test_utility_above_the_normaliser_is_clipped():
    assert wackiness(np.array([1, 3]), 2).tolist() == [0.5, 0]


def test_a_normaliser_of_zero_leaves_only_tokens_without_utility_wacky():
    assert wackiness(np.array([0, 1e-300, 5]), 0).tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    ("bins", "expected"),
    [
        (5, [1, 0.75, 0.7, 0, 0]),
        (2, [0.875, 0.233333]),
        (3, [1, 0.725, 0]),
        (4, [1, 0.75, 0.7, 0]),
        (1000, [1, 0.75, 0.7, 0, 0]),
    ],
)
def test_curves_of_five_tokens(bins: int, expected: list[float]):
    assert curve(FIVE_TOKENS, bins) == pytest.approx(expected, abs=5e-7)


@pytest.mark.parametrize(("bins", "expected"), [(5, 1.95), (2, 0.554167), (3, 1.225)])
def test_areas_of_five_tokens(bins: int, expected: float):
    assert np.trapezoid(curve(FIVE_TOKENS, bins)) == pytest.approx(expected, abs=5e-7)


def test_the_paper_area_of_five_tokens_collapses_and_the_robust_one_does_not():
    assert paper_area(FIVE_TOKENS) == pytest.approx(0.00195)
    assert robust_area(FIVE_TOKENS) == pytest.approx(0.4875)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.ones(1000), 0.999),
        (np.linspace(1, 0, 1000), 0.4995),
        (1 - np.arange(2500) / 2499, 0.4996),
    ],
)
def test_paper_areas(values: np.ndarray, expected: float):
    assert paper_area(values) == pytest.approx(expected, abs=5e-7)


@pytest.mark.parametrize("n", [2, 200, 999, 1000, 1001, 30_522])
def test_the_robust_area_of_a_constant_one_is_exactly_one(n: int):
    assert robust_area(np.ones(n)) == 1.0


def test_the_order_of_the_tokens_does_not_matter():
    shuffled = np.random.default_rng(0).permutation(np.linspace(0, 1, 2345))
    assert paper_area(shuffled) == paper_area(np.sort(shuffled))


@given(unit_values)
def test_a_curve_never_rises_and_has_a_point_per_token_or_per_bin(values: np.ndarray):
    points = curve(values, 1000)
    assert points.size == min(values.size, 1000)
    assert np.all(np.diff(points) <= 1e-12)


@given(unit_values)
def test_the_paper_area_is_the_mean_of_the_curve_less_half_of_its_ends_where_bins_are_full(values: np.ndarray):
    values = np.resize(values, 1000 * math.ceil(values.size / 1000))
    points = curve(values, 1000)
    assert paper_area(values) == pytest.approx(points.mean() - (points[0] + points[-1]) / 2000, abs=1e-12)


@given(unit_values)
def test_the_robust_area_lies_between_the_least_and_the_most_wacky(values: np.ndarray):
    assert values.min() - 1e-12 <= robust_area(values) <= values.max() + 1e-12
