"""The compiled form of what `_potentials` does with torch, for scores on the CPU."""

from __future__ import annotations

import importlib.util
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.search import ranges
from sparsebench.workers import in_threads
from sparsebench_plugins.postprocessors._shares import Largest, Shares

if TYPE_CHECKING:
    from torch import Tensor

WORTH_LOADING = 2**22
"""Exponentials that are taken otherwise while the compiled loops load."""

DOCUMENTS_AT_ONCE = 4096
ROWS_AT_ONCE = 128


@cache
def at_hand() -> bool:
    """Return whether numba is installed."""
    return importlib.util.find_spec("numba") is not None


def pays(scores: Tensor, queries: int, documents: int, passes: int) -> bool:
    """Return whether the compiled loops are worth loading for a block of all scores (Q, D), each read in so many
    passes.

    By all and not by the block, whose width decides no figure.
    """
    return scores.device.type == "cpu" and queries * documents * passes >= WORTH_LOADING and at_hand()


def largest(scores: Tensor, tau: float, lu: Tensor) -> Largest:
    """Find the largest terms of M = S / tau + lu, for scores (Q, d) without -inf and lu (Q,) float64. Each document for
    itself: neither the number of threads nor what other documents there are changes a byte.
    """
    import torch

    from sparsebench_plugins.postprocessors._kernels import others, owners

    matrix, weights = np.ascontiguousarray(scores.numpy()), lu.numpy()
    top, second, sums = (np.empty(matrix.shape[1]) for _ in range(3))
    owner = np.empty(matrix.shape[1], np.int64)

    def fill(columns: slice) -> None:
        where = columns.start, columns.stop
        owners(matrix, 1 / tau, weights, *where, top[columns], second[columns], owner[columns])
        others(matrix, 1 / tau, weights, *where, second[columns], owner[columns], sums[columns])

    in_threads(fill, ranges(matrix.shape[1], DOCUMENTS_AT_ONCE))
    with np.errstate(divide="ignore"):  # of a single query there are no others
        rest = second + np.log(sums)
    return Largest(torch.from_numpy(top), torch.from_numpy(owner), torch.from_numpy(rest))


class FirstPlaces:
    """The best key of each query and the best below it, as blocks of documents are added: (Q,) float64 each."""

    def __init__(self, queries: int, floor: float) -> None:
        self.best, self.second = np.full(queries, -np.inf), np.full(queries, -np.inf)
        self._floor = floor

    def add(self, scores: Tensor, tau: float, lu: Tensor, shares: Shares) -> None:
        """Take in scores (Q, d) and the shares of the d documents."""
        from sparsebench_plugins.postprocessors._kernels import two_best

        matrix = np.ascontiguousarray(scores.numpy())
        learnt = shares.lse.numpy(), shares.owner.numpy(), shares.margin.numpy()

        def of_rows(rows: slice) -> None:
            where = rows.start, rows.stop
            two_best(matrix, 1 / tau, lu.numpy(), *where, *learnt, self._floor, self.best, self.second)

        in_threads(of_rows, ranges(len(matrix), ROWS_AT_ONCE))

    def decided(self, bound: float) -> bool:
        """Return whether no query's first two are within the bound of each other, unless they are equal."""
        return bool((self.best - self.second > bound)[self.second > -np.inf].all())
