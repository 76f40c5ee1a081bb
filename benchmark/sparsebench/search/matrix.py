"""Scores that are given: a matrix of a cross-modal system, a run."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from sparsebench.search.source import DEFAULT_WIDTH, Source

if TYPE_CHECKING:
    from scipy.sparse import csc_array, csr_array
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class MatrixScores(Source):
    """A dense matrix (Q, D), or a CSR one whose unstored entries are unseen documents, which score -inf.

    Read block by block: a memory-mapped matrix stays on the disk. device: where the blocks go. Blocks are float64 where
    the matrix is, else float32.

    Example:
        >>> [block.scores.tolist() for block in MatrixScores(np.array([[1.0, 2.0, 3.0]]), block=2)]
        [[[1.0, 2.0]], [[3.0]]]
    """

    matrix: np.ndarray | csr_array
    _: KW_ONLY
    floor: float = -math.inf
    device: str = "cpu"
    block: int = DEFAULT_WIDTH
    first_row: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """Number of queries and documents, (Q, D)."""
        queries, documents = self.matrix.shape
        return queries, documents

    @property
    def dtype(self) -> Literal["float32", "float64"]:
        """Data type of its blocks."""
        return "float64" if self.matrix.dtype.itemsize > np.dtype(np.float32).itemsize else "float32"

    def rows(self, start: int, stop: int) -> MatrixScores:
        """Implement `ScoreBlocks.rows`."""
        return replace(self, matrix=self.matrix[start:stop], first_row=self.first_row + start)

    def scores(self, columns: slice) -> Tensor:
        """Scores (Q, d)."""
        import torch

        found = self.matrix[:, columns] if isinstance(self.matrix, np.ndarray) else self._with_unseen(columns)
        return torch.from_numpy(np.array(found, dtype=self.dtype, order="C")).to(self.device)

    def _with_unseen(self, columns: slice) -> np.ndarray:
        scores = np.full((self.shape[0], columns.stop - columns.start), -np.inf, dtype=self.dtype)
        entries = self._by_document[:, columns].tocoo()
        scores[entries.coords] = entries.data
        return scores

    @cached_property
    def _by_document(self) -> csc_array:
        assert not isinstance(self.matrix, np.ndarray)
        return self.matrix.tocsc()
