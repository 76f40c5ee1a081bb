"""The loop of `exact_int8` over one block of products of integers, compiled; only that module imports this."""

from __future__ import annotations

import numpy as np
from numba import njit

from sparsebench.encoding.pooling_kernel import pool_exactly, put


@njit(nogil=True, cache=True)
def pool_candidates(
    products, ends, scale, unit, slack, hidden, weight, bias, summed, twice, most, columns, values, sizes
):
    """Pool products of integers as `pooling_kernel.pool_block`; candidates are computed again in float64.

    products: (T, b) int32; scale[t] * unit[v] * products[t, v] is within slack[v] of the logit without its bias.
    hidden (T, h), weight (b, h), bias (b,): the decoder. most: dot products after which it gives up and returns -1, for
    the block is dense.
    """
    count, start = 0, 0
    largest, near = np.empty(products.shape[1], np.float32), np.empty(products.shape[0], np.bool_)
    for text in range(ends.shape[0]):
        before, tokens = count, slice(start, ends[text])
        scaled_maxima(products[tokens], scale[tokens], largest)
        for term in range(products.shape[1]):
            top = largest[term] * unit[term]
            if top + slack[term] + bias[term] <= 0:
                continue
            rival = -bias[term] - slack[term] if summed else top - 2 * slack[term]
            mark(products[tokens, term], scale[tokens], rival / unit[term], near[tokens])
            value, dots = pool_exactly(near[tokens], hidden[tokens], weight[term], bias[term], summed, twice)
            most -= dots
            if most < 0:
                return -1
            count = put(term, value, count, columns, values)
        sizes[text] = count - before
        start = ends[text]
    return count


@njit(nogil=True, cache=True)
def scaled_maxima(rows, scale, largest):
    """Write the maxima of the columns of rows (n, b), n >= 1, each row times its scale (n,), to largest (b,)."""
    largest[:] = -np.inf
    for row in range(rows.shape[0]):
        by = scale[row]
        for column in range(rows.shape[1]):
            value = by * np.float32(rows[row, column])
            largest[column] = value if value > largest[column] else largest[column]


@njit(nogil=True, cache=True)
def mark(products, scale, least, near):
    """Mark the products (n,), each times its scale (n,), that are at least `least`, to near (n,)."""
    for token in range(products.shape[0]):
        near[token] = scale[token] * np.float32(products[token]) >= least
