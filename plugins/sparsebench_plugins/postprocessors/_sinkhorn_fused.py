"""Sinkhorn's rounds on exp(L + lu + lv), written once and then read once a round (needs numba, the extra [fast]).

Where a round of the reference takes exponentials of all pairs twice, this multiplies: with K = Q exp(L + lu + lv),
u = 1 / K v and v = (Q / D) / K'u, the potentials are lu + log u and lv + log v. When these leave [-8, 8], where float32
begins to miss what was flushed, they are absorbed: K is written anew with the potentials as they are by then.
"""

from __future__ import annotations

import importlib.util
import math
import os
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.search import ranges
from sparsebench.workers import Team, workers
from sparsebench_plugins.postprocessors._potentials import Streamed

if TYPE_CHECKING:
    from torch import Tensor

WORTH_LOADING = 2**22
"""Pairs times rounds that are done otherwise while the compiled loop loads."""

WORTH_THREADS = 2**21
"""Pairs that one thread reads while another is called."""

LARGEST = 2**32
"""Bytes of K, which also takes a quarter of the machine's memory at most."""

LIMIT = 8.0

FLUSHED = 1e-30
"""What is less in K is 0: it counts for nothing, and arithmetic on numbers too small to be whole is ten times slow."""

STRIPE = 128
"""Rows that are summed up together: the number of threads changes no byte."""


def pays(kernel: Streamed, device: str, rounds: int) -> bool:
    """Whether K is worth writing for so many more rounds."""
    queries, documents = kernel.shape
    worth = queries * documents * rounds >= WORTH_LOADING and bool(importlib.util.find_spec("numba"))
    return device == "cpu" and worth and fits(queries, documents)


def fits(queries: int, documents: int) -> bool:
    """Whether K may be kept in memory."""
    return 4 * queries * documents <= min(LARGEST, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4)


def fused_rounds(kernel: Streamed, lu: Tensor, lv: Tensor, rounds: int) -> Tensor:
    """lv (D,) float64 after so many more rounds, from lu (Q,) and lv (D,) after one."""
    import torch

    size = workers() if kernel.shape[0] * kernel.shape[1] >= WORTH_THREADS else 1
    with Team(size) as team, np.errstate(divide="ignore"):
        scaled = Scaled(kernel, lu.numpy(), lv.numpy(), team)
        for _ in range(rounds):
            scaled.round()
    return torch.from_numpy(scaled.document_potentials())


class Scaled:
    """K (Q, D) with the potentials in it, and beside it u (Q,) and v (D,)."""

    def __init__(self, kernel: Streamed, lu: np.ndarray, lv: np.ndarray, team: Team) -> None:
        from sparsebench_plugins.postprocessors._sinkhorn_kernel import ROWS, normalise_rows

        self._kernel, self._team, self._normalise = kernel, team, normalise_rows
        queries, documents = kernel.shape
        self._matrix = np.zeros((-(-queries // ROWS) * ROWS, documents), np.float32)
        self._stripes = list(enumerate(ranges(len(self._matrix), STRIPE)))
        self._sums = np.empty((len(self._stripes), documents), np.float32)
        self._absorb(lu, lv)

    def document_potentials(self) -> np.ndarray:
        """lv (D,) float64."""
        return self._lv + np.log(self._v.astype(np.float64))

    def round(self) -> None:
        """Normalise queries, then documents."""
        queries, documents = self._kernel.shape
        own = self._u[:queries]
        if not all(np.exp(-LIMIT) < x.min() and x.max() < np.exp(LIMIT) for x in (own, self._v)):
            self._absorb(self._lu + np.log(own.astype(np.float64)), self.document_potentials())
        self._team.map(self._pass, range(self._team.size))
        np.divide(queries / documents, self._sums.sum(axis=0), out=self._v)

    def _pass(self, worker: int) -> None:
        for stripe, rows in self._stripes[worker :: self._team.size]:
            self._normalise(self._matrix[rows], self._v, self._u[rows], self._sums[stripe])

    def _absorb(self, lu: np.ndarray, lv: np.ndarray) -> None:
        """Write K."""
        import torch

        self._lu, self._lv = lu, lv
        self._u, self._v = np.ones(len(self._matrix), np.float32), np.ones(len(lv), np.float32)
        matrix = torch.from_numpy(self._matrix)
        by_query = torch.from_numpy(lu + math.log(len(lu))).float()
        by_document = torch.from_numpy(lv).float()
        for block in self._kernel.blocks:

            def write(rows: slice, kernel: Tensor, columns: slice = block.columns) -> None:
                kernel.add_(by_query[rows, None]).add_(by_document[columns])
                # Bounded first: a result too small to be whole would take exp() ten times as long.
                kernel.clamp_(min=math.log(FLUSHED)).exp_()
                matrix[rows, columns] = torch.threshold_(kernel, FLUSHED, 0)

            self._kernel.of_tiles(write, block)
