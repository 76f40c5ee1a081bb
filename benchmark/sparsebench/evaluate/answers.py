"""The answers of a run: documents, or groups of them by their best member (METHODS 3.8b)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.collection.groups import Groups
from sparsebench.rank import TopK, tie_order
from sparsebench.types import Block, Qrels, Ranking

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Answers:
    """A answers made of D documents: the documents themselves where there are no groups.

    doc_ids: (D,) UTF-8 bytes.
    """

    doc_ids: np.ndarray
    groups: Groups | None = None

    @cached_property
    def ids(self) -> np.ndarray:
        """Ids (A,) of the answers, UTF-8 bytes."""
        return self.doc_ids if self.groups is None else self._grouped[0]

    @property
    def of_documents(self) -> np.ndarray:
        """Answer that each document belongs to, (D,) int64."""
        return np.arange(len(self.doc_ids)) if self.groups is None else self._grouped[1]

    @cached_property
    def order(self) -> np.ndarray:
        """The order that breaks ties, (A,)."""
        return tie_order(self.ids)

    @cached_property
    def _grouped(self) -> tuple[np.ndarray, np.ndarray]:
        assert self.groups is not None
        ids, places = np.unique(self.groups.ids(self.doc_ids), return_inverse=True)
        return ids, places

    def judged(self, qrels: Qrels) -> Qrels:
        """Judgments of answers."""
        return qrels if self.groups is None else self.groups.judged(qrels)

    def merged(self, blocks: Iterable[tuple[Block, Tensor]], queries: int) -> Iterable[tuple[Block, Tensor]]:
        """Blocks of answers, from blocks of corrected scores of documents and which pairs may be ranked."""
        if self.groups is None:
            return blocks
        best = best_members(blocks, self.of_documents, queries, len(self.ids))
        return [(Block(slice(0, len(self.ids)), best), best > -math.inf)]

    def top(self, blocks: Iterable[tuple[Block, Tensor]], queries: int, k: int) -> Ranking:
        """The k best answers of each query, from blocks as `merged` gives them."""
        top = TopK(queries, k, self.order)
        for block, candidates in blocks:
            top.add(block.columns, block.scores, candidates)
        return top.ranking()

    def rows_at_once(self, rows: int, largest: int = 2**28) -> int:
        """Return how many queries at a time, so that the scores of all groups take so many bytes at the most."""
        return rows if self.groups is None else max(1, min(rows, largest // (8 * len(self.ids))))


def best_members(
    blocks: Iterable[tuple[Block, Tensor]], of_documents: np.ndarray, queries: int, answers: int
) -> Tensor:
    """The best score of any member that may be ranked, (Q, A) float64; -inf where none may."""
    import torch

    best = torch.full((queries, answers), -math.inf, dtype=torch.float64)
    for block, candidates in blocks:
        scores = block.scores.masked_fill(~candidates, -math.inf).double()
        places = torch.from_numpy(of_documents[block.columns]).to(scores.device)
        best = best.to(scores.device).scatter_reduce_(1, places.expand_as(scores), scores, "amax")
    return best
