"""The loops of `RemovalQuery.along`, compiled by numba; only `queries` imports this."""

from __future__ import annotations

import numpy as np
from numba import njit

TILE = 256
"""Documents at a time: what a hundred terms add to them stays in the cache for all ways."""


@njit(nogil=True, cache=True)
def best_along(base, shares, order, steps, points, k):
    """Columns (R, G, k) int32 of the k best documents at each of G points of R ways to remove terms, -1 where there
    are fewer; as `best_of_rows`.

    base (d,), shares (m, d): see RemovalQuery. order (R, m): terms as they are removed; steps (R, m): at which point
    the term in each place of the order is gone. What is kept grows from the last point to the first, so that each term
    is added once.
    """
    ways, terms = order.shape
    best = np.full((ways, points, k), -1, np.int32)
    values = np.zeros((ways, points, k), np.float32)
    for start in range(0, base.shape[0], TILE):
        tile = slice(start, start + TILE)
        kept, own = shares[:, tile].copy(), base[tile]
        scores = np.empty_like(own)
        for way in range(ways):
            scores[:] = own
            place = terms - 1
            for point in range(points - 1, -1, -1):
                while place >= 3 and steps[way, place - 3] > point:
                    of = order[way]
                    add_four(scores, kept[of[place]], kept[of[place - 1]], kept[of[place - 2]], kept[of[place - 3]])
                    place -= 4
                while place >= 0 and steps[way, place] > point:
                    add(scores, kept[order[way, place]])
                    place -= 1
                take_best(scores, start, values[way, point], best[way, point])
    return best


@njit(nogil=True, cache=True)
def add(scores, share):
    """Add shares to scores (D,), in place."""
    for document in range(scores.shape[0]):
        scores[document] += share[document]


@njit(nogil=True, cache=True)
def add_four(scores, first, second, third, fourth):
    """One after the other, in place."""
    for document in range(scores.shape[0]):
        scores[document] = scores[document] + first[document] + second[document] + third[document] + fourth[document]


@njit(nogil=True, cache=True)
def take_best(scores, start, values, columns):
    """Keep the k best scores above 0 in values (k,), best first, with their columns from `start` on; of equal ones, as
    float32, the leftmost is best."""
    if above(scores, values[-1]):
        for place in range(scores.shape[0]):
            value = np.float32(scores[place])
            if value > values[-1]:
                insert(value, np.int32(start + place), values, columns)


@njit(nogil=True, cache=True)
def above(scores, least):
    """Return how many there are; counted without a branch, a vector of them at once."""
    count = 0
    for place in range(scores.shape[0]):
        count += scores[place] > least
    return count


@njit(nogil=True, cache=True)
def insert(value, column, values, columns):
    """Insert a value before the first that is less; the last one falls out."""
    place = values.shape[0] - 1
    while place > 0 and values[place - 1] < value:
        values[place], columns[place] = values[place - 1], columns[place - 1]
        place -= 1
    values[place], columns[place] = value, column
