"""Sinkhorn's rounds on scores that lie in memory, each read once a round (needs numba).

A round of the reference takes exponentials of all pairs twice. There are two ways to do less:

* `multiplied`: exp(L + lu - peak) is written once, as K, and then only multiplied with u and v: u = a / K v and
  v = b / K'u. K is kept in float32 where it is large, and all arithmetic is in float64, so that a potential is off by
  `error` at the most; None where a sum is so small that it may miss what was flushed, at small temperatures.
* `in_log_domain`: a row's exponentials are taken while it is in the cache, once a round; exact at any temperature.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from sparsebench.search import ranges
from sparsebench.workers import Team, in_threads, workers
from sparsebench_plugins.postprocessors import _compiled
from sparsebench_plugins.postprocessors._potentials import Streamed

if TYPE_CHECKING:
    from torch import Tensor

Precision = Literal["float32", "float64"]

WORTH_THREADS = 2**19
"""Pairs that one thread reads while another is called."""

LARGEST = 2**32
"""Bytes of a matrix, which also takes a quarter of the machine's memory at most."""

STRIPE = 128
"""Rows that are summed up together: the number of threads changes no byte."""

FLUSHED = {"float32": 1e-37, "float64": 1e-260}
"""What is less in K is 0: arithmetic on numbers too small to be whole is ten times slow."""

ROUNDING = {"float32": 2.0**-24, "float64": 2.0**-53}
"""Share of an entry of K that is lost."""

LEAST = 1e-100
"""A document's sum of flushed exponentials below this may miss some."""


def error(rounds: int, precision: Precision) -> float:
    """Return how far potentials of queries may be off after so many rounds, at the most.

    Each round normalises rows and columns of a matrix whose entries are off by a share; a normalised sum is then off by
    no more, and what was off before spreads but does not grow.
    """
    return 2 * rounds * ROUNDING[precision]


def fits(queries: int, documents: int, width: int = 4) -> bool:
    """Return whether so many pairs of so many bytes may be kept in memory."""
    return width * queries * documents <= min(LARGEST, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4)


def team(queries: int, documents: int) -> Team:
    """Make a team of as many threads as a round of so many pairs keeps busy."""
    return Team(workers() if queries * documents >= WORTH_THREADS else 1)


def multiplied(kernel: Streamed, lu: Tensor, rounds: int, precision: Precision) -> Tensor | None:
    """Return lu (Q,) float64 after so many more rounds with balanced marginals; None where K is flushed too much for
    it.
    """
    import torch

    with team(*kernel.shape) as several, np.errstate(divide="ignore", invalid="ignore"):
        scaled = Scaled.of(kernel, lu, precision, several)
        if not all(scaled.round() for _ in range(rounds)):
            return None
        return lu + torch.from_numpy(np.log(scaled.u))


@dataclass(eq=False)
class Scaled:
    """K (Q, D), padded to a multiple of four rows, with u (Q,) and v (D,) float64 beside it."""

    matrix: np.ndarray
    u: np.ndarray
    v: np.ndarray
    several: Team
    precision: Precision

    @classmethod
    def of(cls, kernel: Streamed, lu: Tensor, precision: Precision, several: Team) -> Scaled:
        """Write K, and normalise the documents."""
        from sparsebench_plugins.postprocessors._kernels import ROWS

        queries, documents = kernel.shape
        matrix = np.zeros((-(-queries // ROWS) * ROWS, documents), precision)
        v, weights = np.empty(documents), lu.cpu().numpy()
        for block in kernel.blocks:
            scores = np.ascontiguousarray(block.scores.numpy())
            _write(scores, 1 / kernel.tau, weights, matrix, v, block.columns.start)
        return cls(matrix, np.ones(queries), 1 / (documents * v), several, precision)

    def round(self) -> bool:
        """Normalise queries, then documents; False where a sum may miss what was flushed."""
        from sparsebench_plugins.postprocessors._kernels import multiply_rows

        queries, documents = len(self.u), len(self.v)
        stripes = list(enumerate(ranges(len(self.matrix), STRIPE)))
        row_sums, sums = np.empty(len(self.matrix)), np.empty((len(stripes), documents))

        def work(worker: int) -> None:
            for stripe, rows in stripes[worker :: self.several.size]:
                multiply_rows(self.matrix[rows], self.v, row_sums[rows], sums[stripe])

        self.several.map(work, range(self.several.size))
        least = FLUSHED[self.precision] / ROUNDING[self.precision]
        sound = bool(row_sums[:queries].min() > least * self.v.sum())
        self.u = 1 / (queries * row_sums[:queries])
        totals = sums.sum(axis=0) / queries
        sound &= bool(totals.min() > least * self.u.sum())
        self.v = 1 / (documents * totals)
        return sound


def _write(
    scores: np.ndarray, inverse: float, lu: np.ndarray, matrix: np.ndarray, totals: np.ndarray, first: int
) -> None:
    """Write exp(L + lu - peak) of a block into matrix (Q, D) from column `first` on, and their sums over rows into
    totals.
    """
    from sparsebench_plugins.postprocessors._kernels import owners, write_exponentials

    least = math.log(FLUSHED[str(matrix.dtype)])

    def fill(columns: slice) -> None:
        size = columns.stop - columns.start
        peaks, second, owner = np.empty(size), np.empty(size), np.empty(size, np.int64)
        owners(scores, inverse, lu, columns.start, columns.stop, peaks, second, owner)
        sums = totals[first + columns.start : first + columns.stop]
        where = columns.start, columns.stop
        write_exponentials(scores, inverse, lu, *where, peaks, least, matrix, first + columns.start, sums)

    in_threads(fill, ranges(scores.shape[1], _compiled.DOCUMENTS_AT_ONCE))


def in_log_domain(
    scores: np.ndarray, tau: float, lu: Tensor, rounds: int, potential: Callable[[Tensor], Tensor]
) -> Tensor:
    """Return lu (Q,) float64 after so many more rounds, at least one. potential: lv (D,) of LSE_i(L_ij + lu_i)."""
    import torch

    lse = _compiled.largest(torch.from_numpy(scores), tau, lu).shares().lse
    with team(*scores.shape) as several:
        sweep = _Sweep(scores, tau, several)
        for left in reversed(range(rounds)):
            lv = potential(lse)
            row_lse, sums = sweep(lv.numpy(), sums=left > 0)
            lu = torch.from_numpy(-math.log(len(row_lse)) - row_lse)
            if left:
                lse = _document_lse(scores, tau, lu, lv, torch.from_numpy(sums))
    return lu


def _document_lse(scores: np.ndarray, tau: float, lu: Tensor, lv: Tensor, sums: Tensor) -> Tensor:
    """LSE_i(L_ij + lu_i) (D,) from sums of normalised rows. A document that no query wants has a sum too small to be
    whole, and is added up by itself.
    """
    import torch

    lse = sums.log() - math.log(len(lu)) - lv
    unwanted = sums < LEAST
    if unwanted.any():
        some = torch.from_numpy(scores[:, unwanted.numpy()])
        lse[unwanted] = _compiled.largest(some, tau, lu).shares().lse
    return lse


class _Sweep:
    """A pass over the rows, stripes of them at once."""

    def __init__(self, scores: np.ndarray, tau: float, several: Team) -> None:
        self._scores, self._inverse, self._several = scores, 1 / tau, several
        self._stripes = list(enumerate(ranges(len(scores), STRIPE)))
        self._sums = np.empty((len(self._stripes), scores.shape[1]))

    def __call__(self, lv: np.ndarray, *, sums: bool) -> tuple[np.ndarray, np.ndarray]:
        """LSE_j(L_ij + lv_j) (Q,), and if asked for the sums (D,) of exp(L_ij + lv_j - that) over rows."""
        from sparsebench_plugins.postprocessors._kernels import normalise_rows

        row_lse = np.empty(len(self._scores))
        wanted = self._sums if sums else self._sums[:, :0]

        def work(worker: int) -> None:
            terms = np.empty_like(lv)
            for stripe, rows in self._stripes[worker :: self._several.size]:
                normalise_rows(self._scores[rows], self._inverse, lv, row_lse[rows], wanted[stripe], terms)

        self._several.map(work, range(self._several.size))
        return row_lse, wanted.sum(axis=0)


def in_one_piece(kernel: Streamed) -> np.ndarray:
    """The scores (Q, D) as the blocks have them."""
    import torch

    parts = [block.scores for block in kernel.blocks]
    return (parts[0].contiguous() if len(parts) == 1 else torch.cat(parts, dim=1)).numpy()
