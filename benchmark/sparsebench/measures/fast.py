"""Measures of very many rankings of one query at once, as arrays: the values that `sparsebench.measures` gives.

Letters: X rankings of a query, j of its documents judged.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sparsebench.errors import SuiteError, did_you_mean


@dataclass(frozen=True)
class FastMeasure:
    """A measure that reads no deeper than `cutoff`.

    Example:
        >>> fast_measure("nDCG@2").values(np.array([[0, 1], [1, 0]]), np.array([1])).round(4).tolist()
        [0.6309, 1.0]
    """

    name: str
    cutoff: int
    _of_gains: Callable[[np.ndarray, np.ndarray], np.ndarray]

    def values(self, grades: np.ndarray, judged: np.ndarray) -> np.ndarray:
        """Values (X,) of rankings whose documents have these grades (X, cutoff), best first, 0 where not judged.

        judged: (j,) all grades of the query. 0 for a query without a grade above 0.
        """
        relevant = np.sort(judged[judged > 0])[::-1]
        return self._of_gains(np.maximum(grades, 0), relevant) if relevant.size else np.zeros(len(grades))


def fast_measure(name: str) -> FastMeasure:
    """Make nDCG@k, RR@k or R@k with the defaults of ir_measures: a gain is a grade, relevant from 1.

    Raises SuiteError.
    """
    found = re.fullmatch(r"(\w+)@([1-9]\d*)", name)
    if not found or found[1] not in _MEASURES:
        known = [f"{base}@10" for base in _MEASURES]
        raise SuiteError(f"measure {name!r} has no fast form.{did_you_mean(name, known)}")
    return FastMeasure(name, int(found[2]), _MEASURES[found[1]])


def _ndcg(gains: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """Linear gains over log2(1 + rank), as trec_eval has them."""
    discounts = 1 / np.log2(np.arange(2, gains.shape[1] + 2))
    ideal = relevant[: gains.shape[1]]
    values: np.ndarray = (gains * discounts).sum(axis=1) / (ideal * discounts[: ideal.size]).sum()
    return values


def _reciprocal_rank(gains: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    hits = gains > 0
    return np.where(hits.any(axis=1), 1 / (1 + hits.argmax(axis=1)), 0.0)


def _recall(gains: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    values: np.ndarray = np.count_nonzero(gains, axis=1) / relevant.size
    return values


_MEASURES = {"nDCG": _ndcg, "RR": _reciprocal_rank, "R": _recall}
