"""The loop of a round of Sinkhorn, compiled by numba; only `_sinkhorn_fused` imports this."""

from __future__ import annotations

from numba import njit

ROWS = 4
"""Rows at a time: what is read of `v` and written to `sums` serves them all."""

TILE = 2**14
"""Columns at a time. The sums go backwards through the tiles: what was read last is still in the cache."""

# Sums in any order: without it the compiler must add one number after the other.
ANY_ORDER = {"reassoc", "contract", "nsz"}


@njit(nogil=True, cache=True)
def normalise_rows(matrix, v, u, sums):
    """u_i = 1 / sum_j matrix_ij v_j, and sums_j = sum_i u_i matrix_ij, while a row is in the cache: it is read once.

    matrix (q, D), float32, q a multiple of ROWS. A row of zeros has u_i = 0.
    """
    columns = matrix.shape[1]
    tiles = (columns + TILE - 1) // TILE
    sums[:] = 0
    for row in range(0, matrix.shape[0], ROWS):
        first, second, third, fourth = matrix[row], matrix[row + 1], matrix[row + 2], matrix[row + 3]
        own = u[row : row + ROWS]
        own[:] = 0
        for tile in range(tiles):
            start, stop = tile * TILE, min(columns, tile * TILE + TILE)
            multiply(first[start:stop], second[start:stop], third[start:stop], fourth[start:stop], v[start:stop], own)
        for each in range(ROWS):
            if own[each] > 0:
                own[each] = 1 / own[each]
        for tile in range(tiles - 1, -1, -1):
            start, stop = tile * TILE, min(columns, tile * TILE + TILE)
            add(first[start:stop], second[start:stop], third[start:stop], fourth[start:stop], own, sums[start:stop])


@njit(nogil=True, cache=True, fastmath=ANY_ORDER)
def multiply(first, second, third, fourth, v, own):
    """own += the four rows times v."""
    a, b, c, d = own
    for place in range(v.shape[0]):
        a += first[place] * v[place]
        b += second[place] * v[place]
        c += third[place] * v[place]
        d += fourth[place] * v[place]
    own[0], own[1], own[2], own[3] = a, b, c, d


@njit(nogil=True, cache=True, fastmath=ANY_ORDER)
def add(first, second, third, fourth, own, sums):
    """sums += own times the four rows."""
    a, b, c, d = own[0], own[1], own[2], own[3]
    for place in range(sums.shape[0]):
        sums[place] += a * first[place] + b * second[place] + c * third[place] + d * fourth[place]
