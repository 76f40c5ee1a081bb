"""Tests that are flipped more often where chance would decide them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sparsebench.statistics.correction import holm
from sparsebench.statistics.results import Settings
from sparsebench.statistics.sign_flips import chance, sign_flip_p, step_down_p
from sparsebench.statistics.values import Values


@dataclass(frozen=True)
class FlipTest:
    """A test of a family. p_holm: corrected for it. is_near: whether the interval of p still holds its bound."""

    p: float
    p_holm: float
    flips: int
    is_near: bool


def family(differences: Sequence[Values], settings: Settings) -> list[FlipTest]:
    """Sign-flip tests of paired differences (n,) as one family, by Holm.

    The k-th smallest p of m is compared with alpha / (m - k + 1): where that lies in its Monte-Carlo interval, the test
    gets four times the flips, up to the most. Deterministic, as the flips are.
    """
    flips = [settings.flips] * len(differences)
    p_values = [_p(each, settings.flips, settings) for each in differences]
    while True:
        near = [
            _holds(p, np.count_nonzero(each), number, settings.alpha / step)
            for p, each, number, step in zip(p_values, differences, flips, _steps(p_values), strict=True)
        ]
        again = [index for index, is_near in enumerate(near) if is_near and flips[index] < settings.most_flips]
        if not again:
            break
        for index in again:
            flips[index] = _more(flips[index], settings)
            p_values[index] = _p(differences[index], flips[index], settings)
    corrected = holm(np.array(p_values)).tolist()
    return [FlipTest(*found) for found in zip(p_values, corrected, flips, near, strict=True)]


def all_pairs(values: Values, settings: Settings) -> tuple[Values, int]:
    """Return p (S, S) of all pairs of systems, from values (S, n), and the flips they are of: four times as many where
    the interval of any holds alpha, up to the most.
    """
    flips, varying = settings.flips, np.count_nonzero(np.ptp(values, axis=0))
    while True:
        p_values = step_down_p(values, flips=flips, seed=settings.seed)
        near = any(_holds(p, varying, flips, settings.alpha) for p in p_values.ravel().tolist())
        if not near or flips >= settings.most_flips:
            return p_values, flips
        flips = _more(flips, settings)


def _p(differences: Values, flips: int, settings: Settings) -> float:
    return sign_flip_p(differences, flips=flips, seed=settings.seed)


def _steps(p_values: Sequence[float]) -> list[int]:
    """Return Holm's factor of each p-value: m for the smallest, 1 for the largest."""
    steps = np.empty(len(p_values), dtype=np.intp)
    steps[np.argsort(p_values, kind="stable")] = np.arange(len(p_values), 0, -1)
    return [int(step) for step in steps]


def _holds(p: float, n: int | np.intp, flips: int, bound: float) -> bool:
    low, high = chance(p, int(n), flips)
    return low < bound < high


def _more(flips: int, settings: Settings) -> int:
    return min(4 * (flips + 1) - 1, settings.most_flips)
