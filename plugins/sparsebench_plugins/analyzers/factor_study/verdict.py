"""Supported, not supported, or not decidable at this scale: by rules stated before looking."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sparsebench.statistics import ALPHA

Verdict = Literal["supported", "supported, but less than matters", "not supported", "not decidable at this scale"]


def t_interval(values: np.ndarray, confidence: float = 0.95) -> tuple[float, float]:
    """Student's interval of the mean of values (n,), one a seed."""
    from scipy import stats

    mean, error = values.mean(), stats.sem(values)
    if error == 0:
        return float(mean), float(mean)
    low, high = stats.t.interval(confidence, len(values) - 1, loc=mean, scale=error)
    return float(low), float(high)


def decide(effects: np.ndarray, p: float, *, margin: float) -> Verdict:
    """Decide a hypothesis from effects (n,), one a seed, that it says are above 0; p one-sided.

    Supported: p < .05; but less than matters where the seeds exclude, at 95 % one-sided, an effect of `margin`, the
    smallest that would matter. Not supported: p >= .05, and they exclude it. Else the design cannot tell.
    """
    _, high = t_interval(effects, confidence=1 - 2 * ALPHA)
    if p < ALPHA:
        return "supported" if high >= margin else "supported, but less than matters"
    return "not supported" if high < margin else "not decidable at this scale"
