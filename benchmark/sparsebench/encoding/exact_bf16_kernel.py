"""The loop of `exact_bf16` over one block of bfloat16 logits, compiled; only that module imports this.

The bits of a bfloat16 as an int16 are in the order of the numbers from 0 up and in the opposite order below 0;
`ordered` turns the latter round, so that whole vectors are compared as integers.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from sparsebench.encoding.pooling_kernel import pool_exactly, put

ROUNDING = 2.0**-7
"""A number that bfloat16 holds as x lies within ROUNDING |x| of x; the half of it would do."""
LEAST = np.int16(-(2**15))


@njit(nogil=True, cache=True)
def pool_candidates(
    bits, ends, floors, reaches, slack, hidden, weight, bias, summed, twice, most, columns, values, sizes
):
    """Pool bfloat16 logits as `pooling_kernel.pool_block`; candidates are computed again in float64.

    bits: (T, b) int16. floors (b,) int16, ordered: no logit beneath can be positive; reaches: (b,) the same as numbers.
    slack: (b,) how far a logit can be from what it should be, before it is rounded. hidden (T, h), weight (b, h),
    bias (b,): the decoder. most: dot products after which it gives up and returns -1, for the block is dense.
    """
    count, start = 0, 0
    largest, near = np.empty(bits.shape[1], np.int16), np.empty(bits.shape[0], np.bool_)
    for text in range(ends.shape[0]):
        before, tokens = count, slice(start, ends[text])
        ordered_maxima(bits[tokens], largest)
        for term in range(bits.shape[1]):
            if largest[term] < floors[term]:
                continue
            least = reaches[term] if summed else rival(number(ordered(largest[term])), slack[term])
            mark(bits[tokens, term], least, near[tokens])
            value, dots = pool_exactly(near[tokens], hidden[tokens], weight[term], bias[term], summed, twice)
            most -= dots
            if most < 0:
                return -1
            count = put(term, value, count, columns, values)
        sizes[text] = count - before
        start = ends[text]
    return count


@njit(nogil=True, cache=True)
def ordered_maxima(rows, largest):
    """`ordered` maxima of the columns of rows (n, b), to largest (b,)."""
    largest[:] = LEAST
    for row in range(rows.shape[0]):
        for column in range(rows.shape[1]):
            value = ordered(rows[row, column])
            largest[column] = value if value > largest[column] else largest[column]


@njit(nogil=True, cache=True)
def ordered(bits):
    """Bits of a bfloat16 -> int16 in the order of the numbers; its own inverse."""
    return np.int16(bits ^ ((bits >> np.int16(15)) & np.int16(0x7FFF)))


@njit(nogil=True, cache=True)
def number(bits):
    """The number that the bits of a bfloat16 stand for: those of a float32 end with 16 more."""
    return np.int32(np.int32(bits) << 16).view(np.float32)


@njit(nogil=True, cache=True)
def rival(top, slack):
    """The least rounded logit that can belong to the largest one, where the largest rounded one is `top`."""
    return reach(top - ROUNDING * abs(top) - 2 * slack)


@njit(nogil=True, cache=True)
def reach(least):
    """The least x with x + ROUNDING |x| >= least."""
    return least / (1 + ROUNDING) if least >= 0 else least / (1 - ROUNDING)


@njit(nogil=True, cache=True)
def mark(rounded, least, near):
    """Mark the rounded logits (n,) that are at least `least`, to near (n,)."""
    for token in range(rounded.shape[0]):
        near[token] = number(rounded[token]) >= least
