"""Confidence intervals by scipy's bootstrap: queries are resampled inside their collection, collections are fixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from sparsebench.statistics.values import RESOLUTION, Values, varies

RESAMPLES = 9_999
CONFIDENCE = 0.95
FEWEST_FOR_BCA = 50
_CHUNK = 2**20  # values of resamples in memory at once


@dataclass(frozen=True)
class Interval:
    """A confidence interval. method: a "point" where the values have no variance.

    Example:
        >>> interval = mean_interval(np.array([0.0, 0.5, 1.0, 0.5]))
        >>> interval.method, 0.0 <= interval.low <= 0.5 <= interval.high <= 1.0
        ('percentile', True)
    """

    low: float
    high: float
    method: Literal["BCa", "percentile", "point"]


@dataclass(frozen=True)
class Interaction:
    """A difference of differences. estimate: in_domain - out_of_domain, each a mean over collections of mean
    differences. p: two-sided. interval and p are None where a collection has one query alone, p also where nothing
    varies.

    Example: `difference_of_differences(in_domain, out_of_domain).interval`.
    """

    estimate: float
    in_domain: float
    out_of_domain: float
    interval: Interval | None
    p: float | None


def mean_interval(
    values: Values, *, confidence: float = CONFIDENCE, resamples: int = RESAMPLES, seed: int = 0
) -> Interval | None:
    """Interval of the mean of values (n,): BCa (Efron 1987), percentile for n < 50, None for n = 1."""
    return macro_interval([values], confidence=confidence, resamples=resamples, seed=seed)


def macro_interval(
    samples: Sequence[Values], *, confidence: float = CONFIDENCE, resamples: int = RESAMPLES, seed: int = 0
) -> Interval | None:
    """Interval of the mean over C collections of the means of their values (n_c,), for these very collections.

    BCa, percentile where a collection has fewer than 50 queries, None where one has a single query. The order of the
    queries makes no difference.
    """
    share = 1 / len(samples)
    return _resample([(share, sample) for sample in samples], confidence, resamples, seed).interval


def difference_of_differences(
    in_domain: Sequence[Values],
    out_of_domain: Sequence[Values],
    *,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interaction:
    """Return whether an effect differs between domains, from paired differences (n_c,), one array a collection.

    The interval is that of macro_interval. p = (1 + c) / (1 + B), c the resamples that lie at least as far from the
    estimate as the estimate from 0 (the bootstrap test of Efron and Tibshirani 1993, section 16.4). Conditional on
    these collections: it says nothing of others.
    """
    inside, outside = (float(np.mean([sample.mean() for sample in samples])) for samples in (in_domain, out_of_domain))
    terms = [(1 / len(in_domain), sample) for sample in in_domain]
    terms += [(-1 / len(out_of_domain), sample) for sample in out_of_domain]
    found = _resample(terms, confidence, resamples, seed)
    return Interaction(inside - outside, inside, outside, found.interval, found.p)


@dataclass(frozen=True)
class _Resampled:
    interval: Interval | None
    p: float | None = None


def _resample(terms: Sequence[tuple[float, Values]], confidence: float, resamples: int, seed: int) -> _Resampled:
    """Resample the sum over (weight, values) of weight x mean."""
    weights = [weight for weight, _ in terms]
    samples = [np.sort(sample) for _, sample in terms]  # so that the order of queries makes no difference
    if min(map(len, samples)) < 2:
        return _Resampled(None)

    def statistic(*drawn: Values, axis: int) -> Any:
        return sum(weight * sample.mean(axis=axis) for weight, sample in zip(weights, drawn, strict=True))

    estimate = float(statistic(*samples, axis=0))
    if not any(map(varies, samples)):
        return _Resampled(Interval(estimate, estimate, "point"))
    from scipy import stats

    method: Literal["BCa", "percentile"] = "BCa" if min(map(len, samples)) >= FEWEST_FOR_BCA else "percentile"
    found = stats.bootstrap(
        samples,
        statistic,
        n_resamples=resamples,
        batch=max(1, _CHUNK // sum(map(len, samples))),
        vectorized=True,
        confidence_level=confidence,
        method=method,
        rng=np.random.default_rng(seed),
    )
    low, high = map(float, found.confidence_interval)
    distances = np.abs(found.bootstrap_distribution - estimate)
    as_far = np.count_nonzero(distances >= abs(estimate) * (1 - RESOLUTION))
    return _Resampled(Interval(low, high, method), (1 + as_far) / (1 + resamples))
