"""Uncertainty of W-AUC: how far it would move with other scoring queries (METHODS 2.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from sparsebench_plugins.analyzers.wackiness.scores import (
    FEWEST_ROBUST,
    Preset,
    Scale,
    TokenScores,
    area,
    normaliser,
    score,
)
from sparsebench_plugins.analyzers.wackiness.statistics import CURVE_BINS, wackiness

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from sparsebench_plugins.analyzers.wackiness.observations import Observations

PARTS = 5
REPLICATES_AT_ONCE = 50


def spread_over_parts(observations: Observations, preset: Preset, scale: Scale) -> float | None:
    """Two standard deviations of W-AUC over five disjoint fifths of the scoring queries.

    None where a fifth keeps too few tokens for the area (1000 for the paper's, whose curve would be short of bins).
    """
    fewest = CURVE_BINS if preset.area == "paper" else FEWEST_ROBUST
    fifths = [score(observations.part(index, PARTS), preset, scale) for index in range(PARTS)]
    if any(scores.terms.size < fewest or scores.normaliser == 0 for scores in fifths):
        return None
    return float(2 * np.std([area(scores.wackiness, preset) for scores in fifths], ddof=1))


def bootstrap_interval(
    observations: Observations, scores: TokenScores, preset: Preset, scale: Scale, *, repetitions: int, seed: int
) -> list[float] | None:
    """Return the 95 % percentile interval of W-AUC over scoring queries drawn with replacement, less the bootstrap's
    bias.

    Draws with replacement spread the utilities, which lifts their 99th percentile and so W-AUC itself: as they stand,
    the percentiles leave the estimate at their lower end. The bias is the mean over repetitions minus the estimate.

    The kept tokens stay those of `scores` (occurrences count distinct queries, so a query drawn twice lets no new
    token in), and one that no drawn query expands to keeps its utility; the normaliser is recomputed.
    None for no repetitions, or where a repetition's normaliser is 0.
    """
    areas = []
    for utilities in _resampled_utilities(observations, scores, scale, repetitions=repetitions, seed=seed):
        unit = normaliser(utilities, preset.normaliser)
        if unit == 0:
            return None
        areas.append(area(wackiness(utilities, unit), preset))
    if not areas:
        return None
    bias = np.mean(areas) - area(scores.wackiness, preset)
    return [float(bound) for bound in np.minimum(np.percentile(areas, [2.5, 97.5]) - bias, 1.0)]


def _resampled_utilities(
    observations: Observations, scores: TokenScores, scale: Scale, *, repetitions: int, seed: int
) -> Iterator[np.ndarray]:
    """Yield u (n,) of the kept tokens for each repetition."""
    rng = np.random.default_rng(seed)
    occurs, utility = _by_query(observations, scores, scale)
    for start in range(0, repetitions, REPLICATES_AT_ONCE):
        size = min(REPLICATES_AT_ONCE, repetitions - start)
        drawn = rng.multinomial(observations.n, np.full(observations.n, 1 / observations.n), size=size)
        occurrences, totals = drawn @ occurs, drawn @ utility  # (size, queries) @ (queries, n)
        yield from np.where(occurrences > 0, totals / np.maximum(occurrences, 1), scores.utilities)


def _by_query(observations: Observations, scores: TokenScores, scale: Scale) -> tuple[csr_array, csr_array]:
    """Return for (queries, n kept tokens), as CSR, whether the query expands to the token, and its utility there."""
    from scipy.sparse import csr_array

    terms = observations.terms
    kept = np.isin(terms, scores.terms)
    utilities = scale.idf[terms] * observations.evidence
    cells = observations.queries[kept], np.searchsorted(scores.terms, terms[kept])
    shape = (observations.n, scores.terms.size)
    return csr_array((np.ones(cells[0].size), cells), shape=shape), csr_array((utilities[kept], cells), shape=shape)
