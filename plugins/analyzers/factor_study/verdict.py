"""Supported, not supported, or not decidable at this scale: by rules stated before looking."""

from __future__ import annotations

from typing import Literal

import numpy as np

Verdict = Literal["supported", "not supported", "not decidable at this scale"]
ALPHA = 0.05


def t_interval(values: np.ndarray, confidence: float = 0.95) -> tuple[float, float]:
    """Student's interval of the mean of values (n,), one a seed."""
    from scipy import stats

    mean, error = values.mean(), stats.sem(values)
    if error == 0:
        return float(mean), float(mean)
    low, high = stats.t.interval(confidence, len(values) - 1, loc=mean, scale=error)
    return float(low), float(high)


def decide(effects: np.ndarray, p: float, *, margin: float) -> Verdict:
    """Of effects (n,), one a seed, that the hypothesis says are above 0; p one-sided.

    Supported: p < .05. Not supported: the effect is below `margin`, the smallest that would matter, at 95 % (one-sided
    by the same seeds). Else the design cannot tell.
    """
    if p < ALPHA:
        return "supported"
    _, high = t_interval(effects, confidence=1 - 2 * ALPHA)
    return "not supported" if high < margin else "not decidable at this scale"
