"""Page's test and the power of designs with it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sparsebench.statistics import blocks_needed, detectable_rise, page_p, residual_deviation
from sparsebench.statistics.trend import _null


@pytest.mark.parametrize(("blocks", "levels", "critical"), [(5, 3, 66), (5, 5, 244), (3, 4, 84), (10, 3, 128)])
def test_critical_values_are_those_of_pages_table(blocks: int, levels: int, critical: int) -> None:
    """Page (1963), table 2, .05."""
    assert _null(blocks, levels, 0.05)[1] == critical


def test_perfect_order_in_five_blocks_of_three_has_the_p_of_one_permutation_in_six() -> None:
    assert page_p(np.arange(15.0).reshape(5, 3)) == pytest.approx(6.0**-5)


def test_residual_deviation_knows_neither_blocks_nor_levels() -> None:
    generator = np.random.default_rng(0)
    noise = generator.standard_normal((400, 4))
    shifted = noise + 10 * generator.standard_normal((400, 1)) + np.array([0, 1, 5, 9])
    assert residual_deviation(shifted) == pytest.approx(residual_deviation(noise))
    assert residual_deviation(noise) == pytest.approx(1, abs=0.05)


def test_a_detectable_rise_is_found_four_times_in_five() -> None:
    rise = detectable_rise(5, 3, 0.2)
    generator = np.random.default_rng(1)
    steps = np.array([0, rise / 2, rise])
    studies = (steps + 0.2 * generator.standard_normal((5, 3)) for _ in range(400))
    found = np.mean([stats.page_trend_test(each, method="exact").pvalue < 0.05 for each in studies])
    assert 0.72 < found < 0.88


def test_fewer_blocks_are_needed_for_a_larger_rise_and_none_for_no_rise() -> None:
    counts = [blocks_needed(rise, 3, 1.0) for rise in (0.5, 1.0, 2.0, 4.0)]
    assert counts == sorted(counts, reverse=True)
    assert blocks_needed(0.01, 3, 1.0) is None
    assert blocks_needed(-1.0, 3, 1.0) is None
    assert blocks_needed(1.0, 3, 0.0) == 3
