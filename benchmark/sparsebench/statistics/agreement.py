"""Agreement of two orders of the same things: Kendall's tau-b (Kendall 1945)."""

from __future__ import annotations

from collections.abc import Mapping

FEWEST = 3
"""Things that have an order to speak of."""


def kendall_tau(first: Mapping[str, float], second: Mapping[str, float]) -> float | None:
    """Return tau-b in [-1, 1] over the names that both have; None for fewer than three, or where all are equal."""
    shared = sorted(first.keys() & second.keys())
    columns = [[of[name] for name in shared] for of in (first, second)]
    if len(shared) < FEWEST or any(len(set(column)) == 1 for column in columns):
        return None
    from scipy import stats

    return float(stats.kendalltau(*columns).statistic)
