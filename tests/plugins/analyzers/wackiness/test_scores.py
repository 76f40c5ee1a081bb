from __future__ import annotations

import numpy as np
import pytest

from sparsebench_plugins.analyzers.wackiness.observations import Observations
from sparsebench_plugins.analyzers.wackiness.scores import (
    PAPER_CODE,
    ROBUST,
    Scale,
    area,
    normaliser,
    score,
    why_no_area,
)

UTILITIES = [[4, 4, 4, 4], [0] * 5, [1, 2, 3], [2, 0, 2, 0, 2], [8, 6, 4, 2, 0, 4], [1] * 7]  # METHODS 2.3: a to f


def observed(by_term: list[list[float]], weight: float = 1) -> Observations:
    """Every utility of a term from another query, under an idf of 1."""
    terms = np.repeat(np.arange(len(by_term)), [len(values) for values in by_term])
    queries = np.concatenate([np.arange(len(values)) for values in by_term]).astype(np.int64)
    evidence = np.concatenate(by_term).astype(float)
    order = np.argsort(queries, kind="stable")
    n = int(queries.max()) + 1
    return Observations(n, queries[order], terms[order], np.full(terms.size, weight), evidence[order])


def scale(size: int, excluded: tuple[int, ...] = (), min_occurrences: int = 4) -> Scale:
    mask = np.zeros(size, dtype=bool)
    mask[list(excluded)] = True
    return Scale(np.ones(size), mask, min_occurrences)


def test_the_aggregation_of_methods():
    scores = score(observed(UTILITIES), PAPER_CODE, scale(6))
    assert "".join("abcdef"[term] for term in scores.terms) == "abdef"  # c has three occurrences
    assert scores.utilities.tolist() == pytest.approx([4, 0, 1.2, 4, 1])
    assert scores.occurrences.tolist() == [4, 5, 5, 6, 7]
    assert scores.wackiness.tolist() == pytest.approx([0, 1, 0.7, 0, 0.75])
    assert area(scores.wackiness, PAPER_CODE) == pytest.approx(0.00195)


def test_idf_scales_the_utility_of_its_term():
    idf = np.array([1, 1, 1, 10, 1, 1.0])
    scores = score(observed(UTILITIES), PAPER_CODE, Scale(idf, np.zeros(6, dtype=bool), 4))
    assert scores.utilities.tolist() == pytest.approx([4, 0, 12, 4, 1])


def test_excluded_ids_leave_before_the_normaliser_is_taken():
    scores = score(observed(UTILITIES), PAPER_CODE, scale(6, excluded=(0, 4)))
    assert scores.terms.tolist() == [1, 3, 5]
    assert scores.wackiness.tolist() == pytest.approx([1, 0, 1 - 1 / 1.2])


def test_fewer_occurrences_can_be_asked_for():
    assert score(observed(UTILITIES), PAPER_CODE, scale(6, min_occurrences=3)).terms.tolist() == [0, 1, 2, 3, 4, 5]
    assert score(observed(UTILITIES), PAPER_CODE, scale(6, min_occurrences=8)).terms.size == 0


def test_p99_interpolates_linearly_over_the_kept_tokens():
    assert normaliser(np.arange(301.0), "p99") == pytest.approx(297)
    assert normaliser(np.array([0.0, 1.0]), "p99") == pytest.approx(0.99)
    assert normaliser(np.arange(301.0), "max") == 300


def test_one_extreme_token_moves_the_paper_area_and_hardly_the_robust_one():
    ordinary = [[1 + term / 400] * 4 for term in range(400)]
    extreme = [*ordinary, [1000.0] * 4]
    moved = {
        preset.area: [
            area(score(observed(case), preset, scale(len(case))).wackiness, preset) for case in (ordinary, extreme)
        ]
        for preset in (PAPER_CODE, ROBUST)
    }
    assert moved["paper"][1] > moved["paper"][0] + 0.2
    assert moved["robust"][1] == pytest.approx(moved["robust"][0], abs=0.01)


def test_mass_weighs_each_token_by_its_summed_weights():
    by_term = [[0] * 4, [2] * 4]
    light = observed(by_term)
    weights = np.where(light.terms == 0, 3.0, 1.0)
    scores = score(Observations(light.n, light.queries, light.terms, weights, light.evidence), PAPER_CODE, scale(2))
    assert scores.masses.tolist() == [12, 4]
    assert scores.mass_weighted == pytest.approx((12 * 1 + 4 * 0) / 16)


@pytest.mark.parametrize(
    ("tokens", "utility", "preset", "reason"),
    [
        (0, 1.0, PAPER_CODE, "no expansion token occurs in 4 scoring queries"),
        (0, 1.0, ROBUST, "no expansion token occurs in 4 scoring queries"),
        (199, 1.0, ROBUST, "199 tokens were kept, W-AUC* needs 200"),
        (199, 1.0, PAPER_CODE, None),
        (200, 1.0, ROBUST, None),
        (200, 0.0, ROBUST, "the 99th percentile of the utilities is 0"),
        (200, 0.0, PAPER_CODE, "the largest of the utilities is 0"),
    ],
)
def test_an_area_is_refused_with_its_reason(tokens: int, utility: float, preset, reason: str | None):
    by_term = [[utility] * 4] * tokens + [[1.0] * 3]
    scores = score(observed(by_term), preset, scale(len(by_term)))
    assert why_no_area(scores, preset, 4) == reason


def test_a_p99_of_zero_is_refused_although_one_token_has_utility():
    by_term = [[0.0] * 4] * 300 + [[5.0] * 4]
    scores = score(observed(by_term), ROBUST, scale(301))
    assert why_no_area(scores, ROBUST, 4) == "the 99th percentile of the utilities is 0"
    assert scores.mass_weighted is None


def test_a_constant_utility_is_not_wacky_at_all():
    scores = score(observed([[0.3] * 4] * 250), ROBUST, scale(250))
    assert area(scores.wackiness, ROBUST) == pytest.approx(0, abs=1e-12)
