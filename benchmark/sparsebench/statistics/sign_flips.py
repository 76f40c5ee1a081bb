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
MOST_FLIPS = 159_999
NORMAL_99 = 2.5758293035489004  # so many deviations around the middle are 99 % of a normal distribution
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


def step_down_p(values: Values, *, flips: int = FLIPS, seed: int = 0) -> Values:
    """Return the p-values (S, S) of all pairs of systems, corrected for their number, from values (S, n); 1 on the
    diagonal.

    Studentised step-down max-T (Romano and Wolf, Econometrica 2005, algorithm 4.1). Pairs go by their |t|, the largest
    first; each is compared with the largest |t| that it or any pair after it shows under a flip, and none falls below
    one before it. So a pair of a system far off from the others sets nobody's bound: it has been decided before, and
    |t| has one scale whatever its difference. A flip turns a query's values of all systems at once, which keeps their
    dependence, is the paired test above for S = 2, and holds the chance of any false difference, whichever are true.
    Permuting the systems permutes the result.
    """
    values = values[:, np.ptp(values, axis=0) != 0]
    first, second = np.triu_indices(len(values), k=1)
    differences = (values[i] - values[j] for i, j in zip(first, second, strict=True))
    sizes = np.array([(abs(math.fsum(d)) - RESOLUTION * np.abs(d).sum(), np.sqrt(d @ d)) for d in differences])
    observed, norms = sizes.reshape(-1, 2).T
    # The sum over the root of the sum of squares, which no flip changes, grows with |t| in the same way for all pairs.
    observed = np.divide(observed, norms, where=norms > 0, out=np.zeros(len(norms)))
    order = np.argsort(-observed, kind="stable")
    order = order[norms[order] > 0]
    hits = _hits(values, (first[order], second[order]), norms[order], observed[order], flips, seed)
    p_values = np.ones((len(values), len(values)))
    p_values[first[order], second[order]] = np.maximum.accumulate(_share(hits, values.shape[1], flips))
    return np.minimum(p_values, p_values.T)


def _hits(
    values: Values,
    pairs: tuple[NDArray[np.intp], NDArray[np.intp]],
    norms: Values,
    observed: Values,
    flips: int,
    seed: int,
) -> NDArray[np.intp]:
    """Count for each pair (P,), in their order, the flips that give it or one after it at least what was observed."""
    hits = np.zeros(len(norms), dtype=np.intp)
    for signs in _signs(values.shape[1], flips, seed, width=len(norms)):
        sums = signs @ values.T
        shown = np.abs(sums[:, pairs[0]] - sums[:, pairs[1]]) / norms
        hits += np.count_nonzero(np.maximum.accumulate(shown[:, ::-1], axis=1)[:, ::-1] >= observed, axis=0)
    return hits


def chance(p: float, n: int, flips: int) -> tuple[float, float]:
    """The 99 % interval of the p value that all flips of n queries would give, from that of random ones (Wilson).

    The p value itself, twice, where all were enumerated.
    """
    if _enumerable(n, flips):
        return p, p
    width = NORMAL_99**2 / flips
    middle, half = p + width / 2, NORMAL_99 * math.sqrt(p * (1 - p) / flips + width / (4 * flips))
    return (middle - half) / (1 + width), (middle + half) / (1 + width)


def _signs(n: int, flips: int, seed: int, *, width: int = 1) -> Iterator[Values]:
    """Sign patterns (b, n) of -1 and 1: all of them, or `flips` random ones in chunks that bound memory.

    width: how many numbers the caller makes of a pattern. The patterns of fewer flips are the first of more.
    """
    if _enumerable(n, flips):
        yield _plus_or_minus(np.arange(2**n)[:, None] >> np.arange(n) & 1)
        return
    rng = np.random.default_rng(seed)
    rows = max(1, _CHUNK // max(n, width))
    for start in range(0, flips, rows):
        # Whole 64-bit words make a pattern, so that the stream does not depend on the size of a chunk.
        words = rng.integers(0, 2**64, size=(min(rows, flips - start), -(-n // 64)), dtype=np.uint64)
        yield _plus_or_minus(np.unpackbits(words.view(np.uint8), axis=1, count=n))


def _plus_or_minus(bits: NDArray[np.integer]) -> Values:
    return 1 - 2 * bits.astype(np.float64)


def _enumerable(n: int, flips: int) -> bool:
    return bool(2**n <= flips + 1)


def _share(hits: NDArray[np.intp], n: int, flips: int) -> Values:
    """Return p-values from counts. Random flips do not contain the observed one, which is a flip like any other."""
    return np.asarray(hits / 2**n if _enumerable(n, flips) else (1 + hits) / (1 + flips), dtype=np.float64)
