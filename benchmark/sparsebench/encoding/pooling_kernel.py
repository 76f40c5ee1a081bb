"""The loop of `numba_pooling` over one block of logits, compiled; only that module imports this."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

LARGE = 1e100
"""A product of float64 that must not grow much more; no float32 makes it overflow in one step."""


@njit(nogil=True, cache=True)
def pool_block(logits, ends, bias, summed, twice, columns, values, sizes):
    """Write the positive entries of N texts, text after text, and return how many there are.

    logits: (T, b), without the bias (b,). ends: (N,) where the tokens of each text end. summed: the sum of the
    activated logits instead of the largest logit, which is left for the caller to activate; twice: see `activated`.
    columns, values: room for N * b entries; sizes (N,): how many each text has.
    """
    count, start = 0, 0
    largest = np.empty(logits.shape[1], np.float32)
    for text in range(ends.shape[0]):
        before = count
        column_maxima(logits[start : ends[text]], largest)
        for term in range(logits.shape[1]):
            value = largest[term] + bias[term]
            if summed and value > 0:
                value = np.float32(activated_sum(logits[start : ends[text], term], bias[term], twice))
            count = put(term, value, count, columns, values)
        sizes[text] = count - before
        start = ends[text]
    return count


@njit(nogil=True, cache=True)
def put(term, value, count, columns, values):
    """Write an entry in place `count` if it is positive; returns how many there are then."""
    if value > 0:
        columns[count] = term
        values[count] = value
        count += 1
    return count


@njit(nogil=True, cache=True)
def column_maxima(rows, largest):
    """Write the maxima of the columns of rows (n, b), n >= 1, to largest (b,). Written so that one instruction compares
    a whole vector of columns.
    """
    largest[:] = rows[0]
    for row in range(1, rows.shape[0]):
        for column in range(rows.shape[1]):
            value = rows[row, column]
            largest[column] = value if value > largest[column] else largest[column]


@njit(nogil=True, cache=True)
def activated_sum(logits, bias, twice):
    """Sum the activations of the logits (n,) of one term; a sum of logarithms is the logarithm of a product, which is
    far cheaper.
    """
    total, product = 0.0, 1.0
    for token in range(logits.shape[0]):
        weight = max(float(logits[token] + bias), 0.0)
        product *= 1 + (math.log1p(weight) if twice else weight)
        if product > LARGE:
            total += math.log(product)
            product = 1.0
    return total + math.log(product)


@njit(nogil=True, cache=True)
def activated(logit, twice):
    """Return ln(1 + relu(logit)); twice: ln(1 + .) of it once more."""
    weight = math.log1p(max(float(logit), 0.0))
    return math.log1p(weight) if twice else weight


@njit(nogil=True, cache=True, fastmath={"reassoc"})
def dot(a, b):
    """Compute a dot product in float64, several sums at once."""
    total = 0.0
    for place in range(a.shape[0]):
        total += float(a[place]) * float(b[place])
    return total


@njit(nogil=True, cache=True)
def pool_exactly(near, hidden, weight, bias, summed, twice):
    """The largest logit of one text and one term, or the sum of its activated logits, over the tokens that are `near`
    (n,) bool enough to count; and the number of these."""
    total, largest, dots = 0.0, -np.inf, 0
    for token in range(near.shape[0]):
        if near[token]:
            logit = bias + dot(hidden[token], weight)
            largest = max(largest, logit)
            if summed:
                total += activated(logit, twice)
            dots += 1
    return np.float32(total if summed else largest), dots
