"""Compiled loops over scores, in float64; only `_compiled` and `_sinkhorn_fused` import this (numba).

Exponentials are written out: numba's own are not vectorised, and then take five times as long. Everything compiled is
in this one file, because numba keeps what it compiled until the file of a function changes, whatever that calls.

Letters: Q queries, D documents, S scores; `inverse` is 1 / tau, so that L = S * inverse.
"""

from __future__ import annotations

import math

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

TILE = 2048
"""Documents at a time: what one row needs of them stays in the first cache."""

WIDE = 2**14
"""The same where a row is multiplied: the sums go backwards, so that what was read last is still in the cache."""

ROWS = 4
"""Rows at a time: what is read of `v` and written to `sums` serves them all."""

NOTHING = -300.0
"""exp() of less is 0 here: products of what is left are never too small to be whole, which takes ten times as long."""

NEGLIGIBLE = 1e-130

# In these loops the order of a sum is the compiler's; the documents of a block do not decide it for any document.
ANY_ORDER = {"reassoc", "contract", "nsz"}
HIGHEST = {"reassoc", "contract", "nsz", "nnan"}
AS_WRITTEN = {"contract"}

_SHIFT = 1.5 * 2**52
"""A number near 2**52 has no digits behind the point, so adding this rounds."""

_LOG2_HIGH, _LOG2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_T = tuple(1 / math.factorial(power) for power in range(14))


@intrinsic
def _power_of_two(context, shifted):
    """Return 2**n from n + _SHIFT, |n| < 1000: n lies in the lowest bits, and belongs into those of an exponent."""

    def bits(context, builder, signature, args):
        whole = builder.bitcast(args[0], ir.IntType(64))
        biased = builder.add(whole, ir.Constant(ir.IntType(64), 1023))
        exponent = builder.shl(biased, ir.Constant(ir.IntType(64), 52))
        return builder.bitcast(exponent, ir.DoubleType())

    return types.float64(types.float64), bits


@njit(inline="always", fastmath=AS_WRITTEN)
def _exp(x):
    """Return exp(x) of NOTHING <= x <= 700 within 4e-16 of it: x = n log 2 + r, and the series of exp(r), |r| < .35."""
    shifted = x * (1 / math.log(2)) + _SHIFT
    n = shifted - _SHIFT
    r = (x - n * _LOG2_HIGH) - n * _LOG2_LOW
    r2 = r * r
    low = (1.0 + r) + r2 * (_T[2] + r * _T[3])
    middle = (_T[4] + r * _T[5]) + r2 * (_T[6] + r * _T[7])
    high = (_T[8] + r * _T[9]) + r2 * (_T[10] + r * _T[11])
    r4 = r2 * r2
    series = low + r4 * (middle + r4 * (high + r4 * (_T[12] + r * _T[13])))
    return series * _power_of_two(shifted)


@njit(nogil=True, cache=True, fastmath=AS_WRITTEN)
def owners(scores, inverse, lu, start, stop, top, second, owner):
    """Write for the documents start to stop the largest of L_ij + lu_i, the next, and the row of the largest.

    scores (Q, D). lu (Q,). top, second, owner: (stop - start,), written.
    """
    top[:], second[:], owner[:] = -np.inf, -np.inf, 0
    for row in range(scores.shape[0]):
        _owners_of_row(scores[row][start:stop], inverse, lu[row], row, top, second, owner)


@njit(nogil=True, fastmath=AS_WRITTEN)
def _owners_of_row(scores, inverse, lu, row, top, second, owner):
    for place in range(scores.shape[0]):
        term = scores[place] * inverse + lu
        larger = term > top[place]
        runner_up = top[place] if larger else term
        second[place] = max(second[place], runner_up)
        owner[place] = row if larger else owner[place]
        top[place] = term if larger else top[place]


@njit(nogil=True, cache=True)
def others(scores, inverse, lu, start, stop, second, owner, sums):
    """Write sums (stop - start,) of exp(L_ij + lu_i - second_j) over all rows but the owner's, so at least 1."""
    sums[:] = 0
    for row in range(scores.shape[0]):
        _others_of_row(scores[row][start:stop], inverse, lu[row], row, second, owner, sums)


@njit(nogil=True, fastmath=AS_WRITTEN)
def _others_of_row(scores, inverse, lu, row, second, owner, sums):
    for place in range(scores.shape[0]):
        power = (scores[place] * inverse + lu) - second[place]
        counted = (owner[place] != row) & (power > NOTHING)
        sums[place] += _exp(power) if counted else 0.0


@njit(nogil=True, cache=True)
def write_exponentials(scores, inverse, lu, start, stop, peaks, least, matrix, at, sums):
    """Write matrix_ij = exp(L_ij + lu_i - peak_j) of the documents start to stop, 0 where that is below exp(least), and
    sums_j over rows.

    scores (Q, d). lu (Q,). peaks (stop - start,): the largest L_ij + lu_i. matrix (Q, D) float32 or float64: written
    from column `at` on. sums (stop - start,): written.
    """
    sums[:] = 0
    for row in range(scores.shape[0]):
        own = matrix[row][at : at + stop - start]
        _exponentials_of_row(scores[row][start:stop], inverse, lu[row], peaks, least, own, sums)


@njit(nogil=True, fastmath=AS_WRITTEN)
def _exponentials_of_row(scores, inverse, lu, peaks, least, row, sums):
    for place in range(scores.shape[0]):
        power = (scores[place] * inverse + lu) - peaks[place]
        row[place] = _exp(power) if power > least else 0.0
        sums[place] += row[place]


@njit(nogil=True, cache=True)
def multiply_rows(matrix, v, row_sums, sums):
    """Write row_sums_i = sum_j matrix_ij v_j, and sums_j = sum_i matrix_ij / row_sums_i, while a row is in the cache.

    matrix (q, D) float32 or float64, q a multiple of ROWS; sums in float64. A row of zeros adds nothing.
    """
    columns = matrix.shape[1]
    tiles = (columns + WIDE - 1) // WIDE
    sums[:] = 0
    for row in range(0, matrix.shape[0], ROWS):
        first, second, third, fourth = matrix[row], matrix[row + 1], matrix[row + 2], matrix[row + 3]
        own = row_sums[row : row + ROWS]
        own[:] = 0
        for tile in range(tiles):
            start, stop = tile * WIDE, min(columns, tile * WIDE + WIDE)
            _multiply(first[start:stop], second[start:stop], third[start:stop], fourth[start:stop], v[start:stop], own)
        shares = np.zeros(ROWS)
        for each in range(ROWS):
            shares[each] = 1 / own[each] if own[each] > 0 else 0.0
        for tile in range(tiles - 1, -1, -1):
            start, stop = tile * WIDE, min(columns, tile * WIDE + WIDE)
            parts = first[start:stop], second[start:stop], third[start:stop], fourth[start:stop]
            _add_four(*parts, shares, sums[start:stop])


@njit(nogil=True, fastmath=ANY_ORDER)
def _multiply(first, second, third, fourth, v, own):
    a, b, c, d = own
    for place in range(v.shape[0]):
        a += first[place] * v[place]
        b += second[place] * v[place]
        c += third[place] * v[place]
        d += fourth[place] * v[place]
    own[0], own[1], own[2], own[3] = a, b, c, d


@njit(nogil=True, fastmath=AS_WRITTEN)
def _add_four(first, second, third, fourth, shares, sums):
    a, b, c, d = shares[0], shares[1], shares[2], shares[3]
    for place in range(sums.shape[0]):
        sums[place] += (a * first[place] + b * second[place]) + (c * third[place] + d * fourth[place])


@njit(nogil=True, cache=True)
def two_best(scores, inverse, lu, start, stop, lse, owner, margin, floor, best, second):
    """Find for the rows start to stop the highest key of a document with a score above the floor, and the highest below
    it.

    A key is L_ij + lu_i - lse_j, or the margin where the row owns the document and that is above 0. scores (Q, d). lse,
    owner, margin (d,). best, second (Q,): brought up to date. Keys that are equal count once: they are a tie.
    """
    keys = np.empty(scores.shape[1])
    for row in range(start, stop):
        top = _keys(scores[row], inverse, lu[row], row, lse, owner, margin, floor, keys)
        runner_up = _highest_below(keys, top)
        lower = min(top, best[row]) if top != best[row] else -np.inf
        second[row] = max(lower, max(runner_up, second[row]))
        best[row] = max(top, best[row])


@njit(nogil=True, fastmath=HIGHEST)
def _keys(scores, inverse, lu, row, lse, owner, margin, floor, keys):
    top = -np.inf
    for place in range(scores.shape[0]):
        key = (scores[place] * inverse + lu) - lse[place]
        owned = (owner[place] == row) & (margin[place] > 0)
        key = margin[place] if owned else key
        key = key if scores[place] > floor else -np.inf
        keys[place] = key
        top = max(top, key)
    return top


@njit(nogil=True, fastmath=HIGHEST)
def _highest_below(keys, bound):
    found = -np.inf
    for place in range(keys.shape[0]):
        key = keys[place] if keys[place] < bound else -np.inf
        found = max(found, key)
    return found


@njit(nogil=True, cache=True)
def normalise_rows(scores, inverse, lv, row_lse, sums, terms):
    """Write row_lse_i = LSE_j(L_ij + lv_j), and sums_j = sum_i exp(L_ij + lv_j - row_lse_i), each score read once.

    scores (q, D). lv, sums: (D,). row_lse: (q,), written, like sums where they are (D,); they may be empty.
    terms (D,): to work in.
    """
    documents = scores.shape[1]
    tiles = (documents + TILE - 1) // TILE
    peaks, totals = np.empty(tiles), np.empty(tiles)
    sums[:] = 0
    for row in range(scores.shape[0]):
        for tile in range(tiles):
            start, stop = tile * TILE, min(documents, tile * TILE + TILE)
            own = terms[start:stop]
            peaks[tile] = _terms(scores[row][start:stop], inverse, lv[start:stop], own)
            _exponentials(own, peaks[tile])
            totals[tile] = _total(own)
        peak, total = peaks.max(), 0.0
        for tile in range(tiles):
            total += totals[tile] * math.exp(peaks[tile] - peak)
        row_lse[row] = peak + math.log(total)
        if not sums.shape[0]:
            continue
        for tile in range(tiles):
            share = math.exp(peaks[tile] - peak) / total
            if share > NEGLIGIBLE:
                start, stop = tile * TILE, min(documents, tile * TILE + TILE)
                _add(terms[start:stop], share, sums[start:stop])


@njit(nogil=True, fastmath=HIGHEST)
def _terms(scores, inverse, lv, terms):
    """Write terms = L + lv, and return the largest."""
    peak = -np.inf
    for place in range(scores.shape[0]):
        term = scores[place] * inverse + lv[place]
        terms[place] = term
        peak = max(peak, term)
    return peak


@njit(nogil=True, fastmath=AS_WRITTEN)
def _exponentials(terms, peak):
    for place in range(terms.shape[0]):
        power = terms[place] - peak
        terms[place] = _exp(power) if power > NOTHING else 0.0


@njit(nogil=True, fastmath=ANY_ORDER)
def _total(terms):
    total = 0.0
    for place in range(terms.shape[0]):
        total += terms[place]
    return total


@njit(nogil=True, fastmath=AS_WRITTEN)
def _add(terms, share, sums):
    for place in range(terms.shape[0]):
        sums[place] += terms[place] * share
