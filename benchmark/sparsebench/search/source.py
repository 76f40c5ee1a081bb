"""Sources of scores: blocks of documents of one width, each checked before anyone sees it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import numpy as np

from sparsebench.errors import ScoreError
from sparsebench.rank import TopK
from sparsebench.types import Block, Ranking

if TYPE_CHECKING:
    from torch import Tensor

DEFAULT_WIDTH = 4096


class Source(ABC):
    """The part of `ScoreBlocks` that sources share.

    block: how many documents at a time. first_row: the number of the first query, where these are rows of more.
    """

    floor: float
    block: int
    first_row: int

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """Number of queries and documents, (Q, D)."""

    @property
    def dtype(self) -> Literal["float32", "float64"]:
        """Data type of the scores of all blocks."""
        return "float32"

    @abstractmethod
    def rows(self, start: int, stop: int) -> Source:
        """Return the blocks of the queries `start` to `stop` alone."""

    @abstractmethod
    def scores(self, columns: slice) -> Tensor:
        """Scores (Q, d) of a range of documents."""

    def __iter__(self) -> Iterator[Block]:
        """Blocks in the order of documents. Raises ScoreError for NaN, inf, and -inf unless it means unseen."""
        for columns in ranges(self.shape[1], self.block):
            scores = self.scores(columns)
            self._check(scores, columns)
            yield Block(columns, scores, self.first_row)

    def top(self, k: int, order: np.ndarray) -> Ranking:
        """The k best retrieved documents of each query; order: (D,) as `tie_order` gives it."""
        best = TopK(self.shape[0], k, order)
        for block in self:
            best.add(block.columns, block.scores, block.scores > self.floor)
        return best.ranking()

    def _check(self, scores: Tensor, columns: slice) -> None:
        if not scores.numel():
            return
        least, most = scores.aminmax()  # NaN where there is one; a tenth of the time that asking each score takes
        if not bool((most < math.inf) if self.floor == -math.inf else (most < math.inf) & (least > -math.inf)):
            sound = scores < math.inf if self.floor == -math.inf else scores.abs() < math.inf
            row, place = (~sound).nonzero()[0].tolist()
            raise ScoreError(
                f"query row {self.first_row + row} has the score {scores[row, place]:g} for document "
                f"{columns.start + place} (counted from 0). Scores must be finite numbers: look for NaN or an overflow "
                "in what the model returned."
            )


def ranges(total: int, width: int) -> Iterator[slice]:
    """Consecutive slices that cover 0 to `total`, all `width` long but the last."""
    for start in range(0, total, width):
        yield slice(start, min(start + width, total))
