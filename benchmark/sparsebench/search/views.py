"""Score blocks made of others: divided by a scale, kept in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from sparsebench.search.watch import SCORES, Watch, version
from sparsebench.types import Block, ScoreBlocks


def scaled(blocks: ScoreBlocks, scale: float) -> ScoreBlocks:
    """Scores divided by `scale` > 0, in float64: rounded to float32, different scores could become equal."""
    return blocks if scale == 1 else _Scaled(blocks, scale)


def unscaled(blocks: ScoreBlocks) -> tuple[ScoreBlocks, float]:
    """The blocks that `scaled` divides, and by what; the same blocks and 1 where it divides none.

    For methods that divide by a temperature anyway, and so need no divided copy of all scores.
    """
    if isinstance(blocks, _Watched):
        beneath, scale = unscaled(blocks.beneath)
        return _Watched(beneath, blocks.watch), scale
    return (blocks.beneath, blocks.scale) if isinstance(blocks, _Scaled) else (blocks, 1.0)


def watched(blocks: ScoreBlocks, watch: Watch) -> ScoreBlocks:
    """Return the same blocks; `watch` notices what is written to them."""
    return _Watched(blocks, watch)


def touched(blocks: ScoreBlocks) -> bool:
    """Return whether blocks that are kept have been written to since they were computed."""
    return isinstance(blocks, _Kept) and blocks.touched


def cached(blocks: ScoreBlocks, max_bytes: int) -> ScoreBlocks:
    """Blocks that are computed once and kept, if all of them fit in `max_bytes`. Nobody may write to them."""
    return _Kept(blocks) if byte_count(blocks) <= max_bytes else blocks


def byte_count(blocks: ScoreBlocks) -> int:
    """Bytes of all Q x D scores."""
    return np.dtype(blocks.dtype).itemsize * blocks.shape[0] * blocks.shape[1]


def chosen(blocks: ScoreBlocks, documents: np.ndarray) -> ScoreBlocks:
    """Scores of some documents alone: (D,) bool."""
    return _Chosen(blocks, documents)


@dataclass(frozen=True, eq=False)
class _View:
    """Base of views: same shape and floor as the wrapped blocks."""

    beneath: ScoreBlocks

    @property
    def shape(self) -> tuple[int, int]:
        return self.beneath.shape

    @property
    def floor(self) -> float:
        return self.beneath.floor

    @property
    def dtype(self) -> Literal["float32", "float64"]:
        return self.beneath.dtype


@dataclass(frozen=True, eq=False)
class _Scaled(_View):
    scale: float

    @property
    def dtype(self) -> Literal["float32", "float64"]:
        return "float64"

    def __iter__(self) -> Iterator[Block]:
        import torch

        for block in self.beneath:
            yield replace(block, scores=block.scores.to(torch.float64, copy=True).div_(self.scale))

    def rows(self, start: int, stop: int) -> ScoreBlocks:
        return _Scaled(self.beneath.rows(start, stop), self.scale)


@dataclass(frozen=True, eq=False)
class _Watched(_View):
    watch: Watch

    def __iter__(self) -> Iterator[Block]:
        for block in self.beneath:
            with self.watch.lending(SCORES, block.scores):
                yield block

    def rows(self, start: int, stop: int) -> ScoreBlocks:
        return _Watched(self.beneath.rows(start, stop), self.watch)


@dataclass(frozen=True, eq=False)
class _Chosen(_View):
    documents: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        return self.beneath.shape[0], int(self.documents.sum())

    def __iter__(self) -> Iterator[Block]:
        start = 0
        for block in self.beneath:
            scores = block.scores[:, self.documents[block.columns]]
            yield Block(slice(start, start + scores.shape[1]), scores, block.first_row)
            start += scores.shape[1]

    def rows(self, start: int, stop: int) -> ScoreBlocks:
        return _Chosen(self.beneath.rows(start, stop), self.documents)


@dataclass(frozen=True, eq=False)
class _Kept(_View):
    def __iter__(self) -> Iterator[Block]:
        _ = self._versions  # before anyone is given a block
        return iter(self._blocks)

    def rows(self, start: int, stop: int) -> ScoreBlocks:
        return _Rows(self, range(self.shape[0])[start:stop])

    @cached_property
    def _blocks(self) -> tuple[Block, ...]:
        return tuple(self.beneath)

    @cached_property
    def _versions(self) -> tuple[int | None, ...]:
        return tuple(version(block.scores) for block in self._blocks)

    @property
    def touched(self) -> bool:
        # Blocks that could not be computed, in a cell that failed, are not to be computed for this question.
        return "_blocks" in self.__dict__ and self._versions != tuple(version(block.scores) for block in self._blocks)


@dataclass(frozen=True, eq=False)
class _Rows(_View):
    chosen: range

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.chosen), self.beneath.shape[1]

    def __iter__(self) -> Iterator[Block]:
        for block in self.beneath:
            rows = block.scores[self.chosen.start : self.chosen.stop]
            yield Block(block.columns, rows, block.first_row + self.chosen.start)

    def rows(self, start: int, stop: int) -> ScoreBlocks:
        return _Rows(self.beneath, self.chosen[start:stop])
