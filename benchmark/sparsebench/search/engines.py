"""The engines that multiply sparse vectors, and which of them serves a device.

To add one: a module here with a class as `Engine` describes it, and its place in `ENGINES`. Records name it, `noise`,
`explain` and analyzers go through it, and `tests/benchmark/search/test_engines.py` holds it to the sums of the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from sparsebench.search.on_cpu import CpuEngine
from sparsebench.search.resident import ResidentIndex
from sparsebench.types import Ranking

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from torch import Tensor


class Engine(Protocol):
    """Exact dot products with documents (D, V), float32 CSR with sorted indices.

    Each score is summed in one order, by ascending dimension, one product at a time in float32: all engines give the
    same bytes, so that a device never changes a figure.

    Example: `engine_on("cpu", documents).fill(queries, slice(0, 100))`.
    """

    @staticmethod
    def serves(device: str) -> bool:
        """Return whether it computes on `device`."""
        ...

    def __init__(self, documents: csr_array, device: str) -> None: ...

    @property
    def engine(self) -> str:
        """Name of what computes scores, for records: the same whatever has been asked so far."""
        ...

    def fill(self, queries: csr_array, columns: slice) -> Tensor:
        """Scores (Q, d) of `queries` (Q, V) and the documents `columns`."""
        ...

    def top(self, queries: csr_array, k: int, order: np.ndarray, width: int) -> Ranking | None:
        """The k best documents with a score above 0 of each query; None where ranking the blocks of `fill` is as good.

        order: (D,) as `tie_order` gives it. width: documents scored at once, at most. Raises ScoreError for a score
        that overflows.
        """
        ...


ENGINES: tuple[type[Engine], ...] = (CpuEngine, ResidentIndex)
"""The first that serves a device is taken."""


def engine_on(device: str, documents: csr_array) -> Engine:
    """The engine of `device`, with these documents (D, V)."""
    return next(engine for engine in ENGINES if engine.serves(device))(documents, device)


class LazyIndex:
    """Documents (D, V) and what searches them, made for each device when it is first asked for, and once.

    Example: `SparseScores(queries, documents, index=LazyIndex(documents))`.
    """

    def __init__(self, documents: csr_array) -> None:
        self.documents = documents
        self._engines: dict[str, Engine] = {}

    def on(self, device: str) -> Engine:
        """The engine that searches them there."""
        if device not in self._engines:
            self._engines[device] = engine_on(device, self.documents)
        return self._engines[device]
