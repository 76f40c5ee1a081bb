"""Tests by sign flips: without a difference between two systems, a query favours either with equal chance.

Under that hypothesis the paired differences have a distribution symmetric about 0 (Fisher 1935; Smucker, Allan and
Carterette, CIKM 2007). All 2^n flips are enumerated where these are at most B + 1, else B are drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sparsebench.statistics.values import RESOLUTION, Values

FLIPS = 9_999
_CHUNK = 2**22  # signs in memory at once: 32 MiB of float64


def sign_flip_p(differences: Values, *, flips: int = FLIPS, seed: int = 0) -> float:
    """Two-sided p value of the mean of paired differences (n,), in (0, 1].

    p = (1 + c) / (1 + B), c the flips whose |mean| is at least the observed one; c / 2^n when all are enumerated.
    The result is the same, to the bit, for -differences and for any order of the queries.
    """
    # A difference of 0 changes no flip's mean. Sorted sizes stand for every order and for both directions.
    sizes = np.sort(np.abs(differences[differences != 0]))
    least = abs(math.fsum(differences)) - RESOLUTION * sizes.sum()
    hits = sum(np.count_nonzero(np.abs(signs @ sizes) >= least) for signs in _signs(len(sizes), flips, seed))
    return float(_share(np.asarray(hits), len(sizes), flips))


def randomised_tukey(values: Values, *, flips: int = FLIPS, seed: int = 0) -> Values:
    """p values (S, S) of all pairs of systems, corrected for their number, from values (S, n); 1 on the diagonal.

    Max-T: each pair's |mean difference| is compared with the largest that any pair shows under a flip. A flip turns a
    query's values of all systems at once, which keeps their dependence and is the paired test above for S = 2.
    Carterette (TOIS 2012) and Sakai permute the values of a query among the systems instead: the same for S = 2; for
    more, that supposes all systems exchangeable at once. Permuting the systems permutes the result.
    """
    values = values[:, np.ptp(values, axis=0) != 0]
    sums, queries = values.sum(axis=1), values.shape[1]
    sizes = np.array([np.abs(values - row).sum(axis=1) for row in values])  # (S, S)
    least = np.abs(sums[:, None] - sums) - RESOLUTION * sizes
    largest = np.concatenate([np.ptp(signs @ values.T, axis=1) for signs in _signs(queries, flips, seed)])  # (B,)
    hits = len(largest) - np.searchsorted(np.sort(largest), least)
    return _share(hits, queries, flips)


def _signs(n: int, flips: int, seed: int) -> Iterator[Values]:
    """Sign patterns (b, n) of -1 and 1: all of them, or `flips` random ones in chunks that bound memory."""
    if _enumerable(n, flips):
        yield _plus_or_minus(np.arange(2**n)[:, None] >> np.arange(n) & 1)
        return
    rng = np.random.default_rng(seed)
    rows = max(1, _CHUNK // n)
    for start in range(0, flips, rows):
        # Whole 64-bit words make a pattern, so that the stream does not depend on the size of a chunk.
        words = rng.integers(0, 2**64, size=(min(rows, flips - start), -(-n // 64)), dtype=np.uint64)
        yield _plus_or_minus(np.unpackbits(words.view(np.uint8), axis=1, count=n))


def _plus_or_minus(bits: NDArray[np.integer]) -> Values:
    return 1 - 2 * bits.astype(np.float64)


def _enumerable(n: int, flips: int) -> bool:
    return bool(2**n <= flips + 1)


def _share(hits: NDArray[np.intp], n: int, flips: int) -> Values:
    """p values from counts. Random flips do not contain the observed one, which is a flip like any other."""
    return np.asarray(hits / 2**n if _enumerable(n, flips) else (1 + hits) / (1 + flips), dtype=np.float64)
