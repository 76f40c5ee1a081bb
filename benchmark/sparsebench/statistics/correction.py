"""Correct many p-values by Holm's method, and rank systems so that noise does not split them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sparsebench.statistics.paired import ALPHA
from sparsebench.statistics.values import Values


def holm(p_values: Values) -> Values:
    """Correct p-values (m,) of one family so that the chance of any false discovery is kept (Holm 1979): the k-th
    smallest of m is multiplied by m - k + 1, at most 1, and none falls below a smaller one."""
    order = np.argsort(p_values, kind="stable")
    steps = np.arange(len(p_values), 0, -1)
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(np.maximum.accumulate(p_values[order] * steps), 1.0)
    return corrected


def shared_ranks(p_values: Values, means: Values, *, alpha: float = ALPHA) -> NDArray[np.intp]:
    """Ranks (S,) from corrected p values (S, S) and means (S,), more being better: 1 + the number of systems that are
    significantly better. Systems that cannot be told from the best of all share rank 1."""
    better = (means[None, :] > means[:, None]) & (p_values <= alpha)
    ranks: NDArray[np.intp] = 1 + np.count_nonzero(better, axis=1)
    return ranks
