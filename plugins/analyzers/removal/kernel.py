"""The loops of `RemovalQuery.along`, compiled by numba; only `queries` imports this."""

from __future__ import annotations

import numpy as np
from numba import njit

CHUNK = 64
"""Documents whose maximum is taken first: it is seldom above the k-th best."""


@njit(nogil=True, cache=True)
def best_along(base, shares, steps, points, k):
    """Columns (R, G, k) int32 of the k best documents at each of G points of R ways to remove terms, -1 where there
    are fewer; as `best_of_rows`.

    base (d,), shares (m, d): see RemovalQuery. steps: (R, m) at which point a term is gone. What is kept grows from
    the last point to the first, so that each term is added once.
    """
    best = np.empty((steps.shape[0], points, k), np.int32)
    scores, values = np.empty_like(base), np.empty(k, np.float32)
    for way in range(steps.shape[0]):
        scores[:] = base
        last = points - 1
        for point in range(last, -1, -1):
            changed = point == last
            for term in range(steps.shape[1]):
                step = steps[way, term]
                if step == point + 1 or (point == last and step > last):
                    add(scores, shares[term])
                    changed = True
            if changed:
                best_of(scores, values, best[way, point])
            else:
                best[way, point] = best[way, point + 1]
    return best


@njit(nogil=True, cache=True)
def add(scores, share):
    """In place."""
    for document in range(scores.shape[0]):
        scores[document] += share[document]


@njit(nogil=True, cache=True)
def best_of(scores, values, columns):
    """Columns (k,) of the k best scores above 0, best first; of equal ones, as float32, the leftmost is best."""
    values[:], columns[:] = 0, -1
    least = np.float32(0)
    for start in range(0, scores.shape[0], CHUNK):
        chunk = scores[start : start + CHUNK]
        if np.float32(largest(chunk)) > least:
            for place in range(chunk.shape[0]):
                value = np.float32(chunk[place])
                if value > least:
                    insert(value, np.int32(start + place), values, columns)
                    least = values[-1]


@njit(nogil=True, cache=True, fastmath={"nnan", "nsz"})
def largest(scores):
    """The maximum, of a vector of columns at once."""
    value = scores[0]
    for place in range(1, scores.shape[0]):
        value = max(value, scores[place])
    return value


@njit(nogil=True, cache=True)
def insert(value, column, values, columns):
    """Before the first that is less; the last one falls out."""
    place = values.shape[0] - 1
    while place > 0 and values[place - 1] < value:
        values[place], columns[place] = values[place - 1], columns[place - 1]
        place -= 1
    values[place], columns[place] = value, column
