from __future__ import annotations

import numpy as np
import pytest

from sparsebench_plugins.analyzers.wackiness import uncertainty
from sparsebench_plugins.analyzers.wackiness.observations import Observations
from sparsebench_plugins.analyzers.wackiness.scores import PAPER_CODE, ROBUST, Scale, area, score
from sparsebench_plugins.analyzers.wackiness.uncertainty import bootstrap_interval, spread_over_parts


def random_observations(n: int, terms: int, share: float, seed: int = 0) -> Observations:
    """A hit of each query on each term with probability `share`; a term has its own mean utility."""
    rng = np.random.default_rng(seed)
    queries, hit = np.nonzero(rng.random((n, terms)) < share)
    evidence = rng.exponential(size=hit.size) * np.linspace(0, 1, terms)[hit]
    return Observations(n, queries, hit, np.ones(hit.size), evidence)


def plain_scale(terms: int) -> Scale:
    return Scale(np.ones(terms), np.zeros(terms, dtype=bool), 4)


def interval(observed: Observations, terms: int, repetitions: int = 100, seed: int = 0) -> list[float] | None:
    scale = plain_scale(terms)
    scores = score(observed, ROBUST, scale)
    return bootstrap_interval(observed, scores, ROBUST, scale, repetitions=repetitions, seed=seed)


def test_the_bootstrap_equals_one_spelled_query_by_query():
    observed, scale = random_observations(30, 250, 0.3), plain_scale(250)
    scores = score(observed, ROBUST, scale)
    rng, areas = np.random.default_rng(7), []
    for drawn in rng.multinomial(30, np.full(30, 1 / 30), size=20):
        utilities = []
        for term, point in zip(scores.terms, scores.utilities, strict=True):
            values = [
                value
                for query, count in enumerate(drawn)
                for value in observed.evidence[(observed.queries == query) & (observed.terms == term)]
                for _ in range(count)
            ]
            utilities.append(np.mean(values) if values else point)
        wacky = 1 - np.clip(np.array(utilities) / np.percentile(utilities, 99), 0, 1)
        areas.append(area(wacky, ROBUST))
    expected = np.percentile(areas, [2.5, 97.5]) - np.mean(areas) + area(scores.wackiness, ROBUST)
    assert interval(observed, 250, repetitions=20, seed=7) == pytest.approx(expected, abs=1e-12)


def test_the_estimate_is_not_at_the_end_of_its_interval():
    """A hundred queries, few hits a token: draws lift the 99th percentile, and with it every repetition."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        queries, terms = np.nonzero(rng.random((100, 300)) < 0.06)
        means = np.exp(1.2 * rng.normal(size=300)) * (rng.random(300) < 0.6)
        evidence = means[terms] * np.exp(1.5 * rng.normal(size=terms.size))
        observed = Observations(100, queries, terms, np.ones(terms.size), evidence)
        lower, upper = interval(observed, 300, repetitions=400)
        estimate = area(score(observed, ROBUST, plain_scale(300)).wackiness, ROBUST)
        assert 0.35 < (estimate - lower) / (upper - lower) < 0.65
        assert upper <= 1


def test_the_kept_tokens_stay_though_a_query_is_drawn_often(monkeypatch):
    observed = random_observations(40, 300, 0.12)
    kept = score(observed, ROBUST, plain_scale(300)).terms.size
    sizes = []
    monkeypatch.setattr(uncertainty, "area", lambda wacky, preset: sizes.append(wacky.size) or 0.5)
    interval(observed, 300)
    assert kept < 300
    assert set(sizes) == {kept}


def test_more_queries_narrow_the_interval():
    few, many = (interval(random_observations(n, 250, 0.3), 250) for n in (40, 1000))
    assert many[1] - many[0] < few[1] - few[0]


def test_the_interval_is_the_same_for_any_number_of_repetitions_at_once(monkeypatch):
    observed = random_observations(40, 250, 0.3)
    whole = interval(observed, 250)
    monkeypatch.setattr(uncertainty, "REPLICATES_AT_ONCE", 7)
    assert interval(observed, 250) == whole
    assert interval(observed, 250, seed=1) != whole


def test_queries_that_all_say_the_same_leave_no_uncertainty():
    queries, terms = (cells.ravel() for cells in np.indices((20, 250)))
    observed = Observations(20, queries, terms, np.ones(terms.size), terms / 250)
    lower, upper = interval(observed, 250)
    assert lower == pytest.approx(upper, abs=1e-12)
    assert lower == pytest.approx(area(score(observed, ROBUST, plain_scale(250)).wackiness, ROBUST), abs=1e-12)


def test_no_repetition_gives_no_interval():
    assert interval(random_observations(40, 250, 0.3), 250, repetitions=0) is None


def test_a_repetition_without_utility_gives_no_interval():
    # 1 of 20 queries has all the utility: a draw without it has a p99 of 0
    queries, terms = (cells.ravel() for cells in np.indices((20, 250)))
    observed = Observations(20, queries, terms, np.ones(terms.size), (queries == 0).astype(float))
    assert interval(observed, 250) is None


def test_the_spread_is_two_standard_deviations_over_disjoint_fifths():
    observed, scale = random_observations(200, 1100, 0.3), plain_scale(1100)
    fifths = []
    for index in range(5):
        mine = observed.queries % 5 == index
        counts = np.bincount(observed.terms[mine], minlength=1100)
        u = np.bincount(observed.terms[mine], observed.evidence[mine], 1100)[counts >= 4] / counts[counts >= 4]
        fifths.append(area(1 - u / u.max(), PAPER_CODE))
    assert spread_over_parts(observed, PAPER_CODE, scale) == pytest.approx(2 * np.std(fifths, ddof=1), abs=1e-12)


def test_fifths_that_cannot_fill_the_papers_curve_give_no_spread():
    observed = random_observations(100, 1100, 0.1)
    assert score(observed, PAPER_CODE, plain_scale(1100)).terms.size > 1000
    assert spread_over_parts(observed, PAPER_CODE, plain_scale(1100)) is None
