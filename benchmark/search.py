"""Scores of all documents as `ScoreBlocks`: from sparse vectors, from a matrix, divided by a scale, kept in memory.

Each score is one sum in a fixed order (ascending dimension), so no block, tile or neighbouring query changes a byte.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from benchmark.errors import ScoreError
from benchmark.types import Block, ScoreBlocks

if TYPE_CHECKING:
    from scipy.sparse import csc_array, csr_array
    from torch import Tensor

BLOCK = 4096
TILE = 1024
"""Documents multiplied at once: a dense tile of this width stays near the cache (measured: 512 to 1,024 is fastest)."""

Scale = Literal["median_top1", "none"] | float


class _Source(ABC):
    """Blocks that are computed, and refused where a number is no score.

    first_row: number of the first query where these are rows of a larger whole, for messages.
    """

    shape: tuple[int, int]
    floor: float
    block: int
    first_row: int

    @abstractmethod
    def _scores(self, columns: slice) -> Tensor:
        """(Q, d) float32."""

    def __iter__(self) -> Iterator[Block]:
        for columns in _ranges(self.shape[1], self.block):
            scores = self._scores(columns)
            self._refuse_broken(scores, columns)
            yield Block(columns, scores)

    def _refuse_broken(self, scores: Tensor, columns: slice) -> None:
        # Where unseen documents score -inf, -inf is a fact and no accident.
        sound = scores < math.inf if self.floor == -math.inf else scores.abs() < math.inf
        if not bool(sound.all()):
            row, place = (~sound).nonzero()[0].tolist()
            raise ScoreError(
                f"query row {self.first_row + row} scores {scores[row, place]:g} for document {columns.start + place} "
                "(both counted from 0); scores must be finite. Look for NaN or overflow in what the model returned."
            )


@dataclass(frozen=True)
class SparseScores(_Source):
    """Dot products of sparse vectors; a document is retrieved when its score is above 0.

    queries: (Q, V), documents: (D, V): float32 CSR with sorted indices. Memory beside them: O(Q * block).
    On "cpu" scipy multiplies; any other torch device does the same sums in the same order there.
    """

    queries: csr_array
    documents: csr_array
    _: KW_ONLY
    device: str = "cpu"
    block: int = BLOCK
    first_row: int = 0
    floor = 0.0

    @property
    def shape(self) -> tuple[int, int]:  # type: ignore[override]
        """(Q, D)."""
        return self.queries.shape[0], self.documents.shape[0]

    def rows(self, start: int, stop: int) -> SparseScores:
        """See ScoreBlocks."""
        return replace(self, queries=self.queries[start:stop], first_row=self.first_row + start)

    def _scores(self, columns: slice) -> Tensor:
        import torch

        multiply = _multiply_on_cpu if self.device == "cpu" else _multiply_in_order
        scores = torch.empty(self.shape[0], columns.stop - columns.start, device=self.device)
        for tile in _ranges(scores.shape[1], TILE):
            documents = self.documents[columns.start + tile.start : columns.start + tile.stop]
            scores[:, tile] = multiply(self._restricted, documents[:, self._terms], self.device)
        return scores

    @cached_property
    def _terms(self) -> np.ndarray:
        """The dimensions of any query, ascending: a dense tile needs no others."""
        return np.unique(self.queries.indices)

    @cached_property
    def _restricted(self) -> csr_array:
        return self.queries[:, self._terms]


def _multiply_on_cpu(queries: csr_array, documents: csr_array, device: str) -> Tensor:
    """(Q, V) x (d, V) -> (Q, d). Sparse x dense is 2 to 3 times faster here than scipy's sparse x sparse."""
    import torch

    return torch.from_numpy(queries @ documents.T.toarray(order="C"))


def _multiply_in_order(queries: csr_array, documents: csr_array, device: str) -> Tensor:
    """(Q, V) x (d, V) -> (Q, d) in plain torch: the first term of every query, then the second, and so on.

    Sparse products of GPU libraries promise no order of summation.
    """
    import torch

    entries = documents.tocoo()
    document, term = (torch.from_numpy(at.astype(np.int64)).to(device) for at in entries.coords)
    dense = torch.zeros(documents.shape[1], documents.shape[0], device=device)
    dense[term, document] = torch.from_numpy(entries.data).to(device)
    scores = torch.zeros(queries.shape[0], documents.shape[0], device=device)
    for rows, terms, weights in _term_by_term(queries):
        there = torch.from_numpy(rows).to(device)
        scores[there] += torch.from_numpy(weights).to(device)[:, None] * dense[torch.from_numpy(terms).to(device)]
    return scores


def _term_by_term(queries: csr_array) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """For n = 0, 1, …: the rows that have an n-th term, those terms and their weights."""
    lengths = np.diff(queries.indptr)
    for place in range(lengths.max(initial=0)):
        rows = np.flatnonzero(lengths > place)
        at = queries.indptr[rows] + place
        yield rows, queries.indices[at].astype(np.int64), queries.data[at]


@dataclass(frozen=True)
class MatrixScores(_Source):
    """Scores that are given: a dense (Q, D) array, or a CSR matrix whose unstored entries are unseen (-inf)."""

    matrix: np.ndarray | csr_array
    _: KW_ONLY
    floor: float = -math.inf
    device: str = "cpu"
    block: int = BLOCK
    first_row: int = 0

    @property
    def shape(self) -> tuple[int, int]:  # type: ignore[override]
        """(Q, D)."""
        return self.matrix.shape

    def rows(self, start: int, stop: int) -> MatrixScores:
        """See ScoreBlocks."""
        return replace(self, matrix=self.matrix[start:stop], first_row=self.first_row + start)

    def _scores(self, columns: slice) -> Tensor:
        import torch

        given = self.matrix[:, columns] if isinstance(self.matrix, np.ndarray) else self._seen(columns)
        return torch.from_numpy(np.ascontiguousarray(given, dtype=np.float32)).to(self.device)

    def _seen(self, columns: slice) -> np.ndarray:
        scores = np.full((self.shape[0], columns.stop - columns.start), -np.inf, dtype=np.float32)
        entries = self._by_document[:, columns].tocoo()
        scores[entries.coords] = entries.data
        return scores

    @cached_property
    def _by_document(self) -> csc_array:
        return self.matrix.tocsc()


@dataclass(frozen=True)
class _Scaled:
    blocks: ScoreBlocks
    scale: float

    @property
    def shape(self) -> tuple[int, int]:
        return self.blocks.shape

    @property
    def floor(self) -> float:
        return self.blocks.floor / self.scale

    def __iter__(self) -> Iterator[Block]:
        for block in self.blocks:
            yield Block(block.columns, block.scores / self.scale)

    def rows(self, start: int, stop: int) -> ScoreBlocks:
        return _Scaled(self.blocks.rows(start, stop), self.scale)


def scaled(blocks: ScoreBlocks, scale: float) -> ScoreBlocks:
    """Scores divided by `scale` > 0."""
    return blocks if scale == 1 else _Scaled(blocks, scale)


@dataclass(frozen=True)
class _Kept:
    blocks: ScoreBlocks

    @property
    def shape(self) -> tuple[int, int]:
        return self.blocks.shape

    @property
    def floor(self) -> float:
        return self.blocks.floor

    def __iter__(self) -> Iterator[Block]:
        return iter(self._computed)

    @cached_property
    def _computed(self) -> tuple[Block, ...]:
        return tuple(self.blocks)

    def rows(self, start: int, stop: int) -> ScoreBlocks:
        return _RowsOfKept(self, range(self.shape[0])[start:stop])


@dataclass(frozen=True)
class _RowsOfKept:
    kept: _Kept
    chosen: range

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.chosen), self.kept.shape[1]

    @property
    def floor(self) -> float:
        return self.kept.floor

    def __iter__(self) -> Iterator[Block]:
        for block in self.kept:
            yield Block(block.columns, block.scores[self.chosen.start : self.chosen.stop])

    def rows(self, start: int, stop: int) -> ScoreBlocks:
        return _RowsOfKept(self.kept, self.chosen[start:stop])


def cached(blocks: ScoreBlocks, max_bytes: int) -> ScoreBlocks:
    """Compute the blocks once and keep them, where Q x D float32 scores fit in `max_bytes`. Do not write to them."""
    queries, documents = blocks.shape
    return _Kept(blocks) if 4 * queries * documents <= max_bytes else blocks


def _ranges(total: int, width: int) -> Iterator[slice]:
    for start in range(0, total, width):
        yield slice(start, min(start + width, total))


def median_top1(blocks: ScoreBlocks) -> float:
    """The median over queries of the highest score (METHODS 3); -inf without documents."""
    ...
