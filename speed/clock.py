"""Timing things side by side: a machine that slows down for a while slows all of them."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

FEWEST, MOST = 3, 21


@dataclass(frozen=True)
class Timing:
    """Seconds of each run."""

    runs: tuple[float, ...]

    @property
    def median(self) -> float:
        """Median of the runs, seconds."""
        return float(np.median(self.runs))

    @property
    def spread(self) -> float:
        """Half the distance of the quartiles, as a share of the median."""
        lower, upper = np.percentile(self.runs, [25, 75])
        return float((upper - lower) / 2 / self.median)


def alternate(subjects: Mapping[str, Callable[[], object]], *, seconds: float) -> dict[str, Timing]:
    """Run all in turn, each time in the order after the last one, for about `seconds`; they are warm.

    Each runs at least three times, whatever it takes.
    """
    runs: dict[str, list[float]] = {name: [] for name in subjects}
    names, start = list(subjects), time.perf_counter()
    gc.collect()
    gc.disable()
    try:
        while len(runs[names[0]]) < FEWEST or (time.perf_counter() - start < seconds and len(runs[names[0]]) < MOST):
            for name in names:
                runs[name].append(seconds_of(subjects[name]))
            names = names[1:] + names[:1]
    finally:
        gc.enable()
    return {name: Timing(tuple(found)) for name, found in runs.items()}


def seconds_of(subject: Callable[[], object]) -> float:
    """Seconds that it takes once."""
    start = time.perf_counter()
    subject()
    return time.perf_counter() - start
