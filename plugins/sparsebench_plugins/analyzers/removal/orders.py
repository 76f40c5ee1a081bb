"""Orders in which the n scored tokens are removed, and the points on the way at which one looks.

Letters: n scored tokens, G points of the grid, R repetitions of a random order.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import count, takewhile
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sparsebench_plugins.analyzers.wackiness.scores import TokenScores

RATIO = 1.59
"""Of neighbours on the grid (METHODS 2.5)."""

STRATUM_RATIO = 1.25
"""Tokens of one stratum occur equally often within this factor."""


def removal_grid(n: int) -> np.ndarray:
    """K (G,): 1, 2, 3, 4, 6, 10, 16, … (powers of 1.59, rounded) and n itself."""
    powers = takewhile(lambda k: k < n, (round(RATIO**i) for i in count()))
    return np.array([*dict.fromkeys(powers), n])


def log_weights(grid: np.ndarray) -> np.ndarray:
    """Weights (G,) of the mean over a grid on a log scale: the area under a curve over ln K (trapezoid), divided by
    the width. They sum to 1."""
    widths = np.diff(np.log(grid))
    weights: np.ndarray = (np.append(widths, 0) + np.insert(widths, 0, 0)) / (2 * widths.sum())
    return weights


def removal_steps(scores: TokenScores, grid: np.ndarray, *, repetitions: int, seed: int) -> dict[str, np.ndarray]:
    """Arm -> (R, n) uint8: at which point of the grid each token is gone for the first time; R = 1 for fixed orders.

    `wackiest` goes by descending wackiness, equal ones by ascending id, `least_wacky` by ascending wackiness.
    `random` orders are uniform. A `matched` order is the wackiest one with each token replaced by a random one that
    occurs about as often (see `strata`): whatever K, its occurrence counts are those of the K wackiest.
    """
    rng = np.random.default_rng(seed)
    n = scores.terms.size
    step_at = np.searchsorted(grid, np.arange(n), side="right").astype(np.uint8)  # position in an order -> step
    wackiest, least = _positions(scores.utilities), _positions(-scores.utilities)
    matched = shuffled_within(strata(scores.occurrences), wackiest, rng)
    return {
        "wackiest": step_at[wackiest[None]],
        "least_wacky": step_at[least[None]],
        "random": step_at[_stacked(lambda: rng.permutation(n), repetitions)],
        "matched": step_at[_stacked(matched, repetitions)],
    }


def strata(occurrences: np.ndarray) -> np.ndarray:
    """Strata (n,) of occurrence counts (n,) >= 1: floor(log_1.25 count)."""
    levels: np.ndarray = np.floor(np.log(occurrences) / math.log(STRATUM_RATIO)).astype(np.int64)
    return levels


def shuffled_within(strata: np.ndarray, positions: np.ndarray, rng: np.random.Generator) -> Callable[[], np.ndarray]:
    """A source of positions (n,) that are permuted at random, but only among tokens of one stratum."""
    in_strata = positions[np.lexsort((positions, strata))]

    def draw() -> np.ndarray:
        drawn = np.empty_like(positions)
        drawn[np.lexsort((rng.random(strata.size), strata))] = in_strata
        return drawn

    return draw


def _positions(values: np.ndarray) -> np.ndarray:
    """The place (n,) of each value in ascending order, equal ones as they stand."""
    positions = np.empty(values.size, dtype=np.int64)
    positions[np.argsort(values, kind="stable")] = np.arange(values.size)
    return positions


def _stacked(draw: Callable[[], np.ndarray], repetitions: int) -> np.ndarray:
    return np.stack([draw() for _ in range(repetitions)])
