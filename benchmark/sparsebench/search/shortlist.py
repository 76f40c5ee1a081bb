"""The best documents of each query by keys in float32, and by `apply` in float64 for those that can be among them
(METHODS 3.8a): the ranking is that of float64 everywhere."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sparsebench.contracts import Postprocessor, RowStats, State
from sparsebench.errors import ContractError
from sparsebench.rank import TopK
from sparsebench.search.postprocess import checked_apply, checked_bounds, ranked_pairs, row_stats_of
from sparsebench.search.returned import refuse_infinite
from sparsebench.search.source import ranges
from sparsebench.types import Block, Candidates, Ranking, ScoreBlocks

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

AT_MOST = 4
"""So many times k documents of a query may be left, on average: with more, float64 everywhere is less work."""

ROWS_AT_ONCE = 8
"""Queries whose documents are corrected together, each query's for all of them."""


def states_bounds(method: Postprocessor) -> bool:
    """Return whether a class states bounds for its own `apply`: a subclass with another one has to state its own."""
    for found in type(method).__mro__:
        if "bounds" in vars(found) or "apply" in vars(found):
            return found is not Postprocessor and "bounds" in vars(found)
    return False


def best_by_bounds(
    method: Postprocessor, state: State, test: ScoreBlocks, *, k: int, order: np.ndarray, candidates: Candidates
) -> Ranking | None:
    """The k best documents of each of Q queries, byte for byte as `TopK` finds them among all that `apply` returns.

    None where float32 cannot tell: the method states no bounds here, they leave too many documents, or one of them is
    not a number. order: (D,) as `tie_order` gives it.
    """
    if not states_bounds(method):
        return None
    row_stats = row_stats_of(method, state, test)
    shortlist = _Shortlist(test.shape[0], k)
    for block in test:
        ranked = ranked_pairs(block, test, candidates)
        found = checked_bounds(method, block, state, row_stats)
        if found is None or not shortlist.add(block, ranked, *found):
            return None
    try:
        return shortlist.ranking(method, state, row_stats, order)
    except ContractError:  # said again, with the numbers of the documents, where all are corrected
        return None


@dataclass(eq=False)
class _Shortlist:
    """Documents that may be among the k best of Q queries, on the device of the blocks.

    pairs: of each block rows, documents, upper bounds, and scores (n,). lower: (Q, k) best lower bounds so far.
    """

    queries: int
    k: int
    pairs: list[tuple[Tensor, ...]] = field(default_factory=list)
    lower: Tensor | None = None
    first_row: int = 0

    def add(self, block: Block, ranked: Tensor, keys: Tensor, error: Tensor) -> bool:
        """Take in a block with keys (Q, d) and how far they may be off, (Q, d) or (Q, 1); False where that is of no
        use."""
        import torch

        upper = (keys + error).masked_fill_(~ranked, -math.inf)
        lower = (keys - error).masked_fill_(~ranked, -math.inf)
        best = lower.topk(min(self.k, lower.shape[1]), dim=1).values
        if self.lower is not None:
            best = torch.cat([self.lower, best], dim=1)
            best = best.topk(min(self.k, best.shape[1]), dim=1).values
        self.lower, self.first_row = best, block.first_row
        least = self._least()
        sound = (lower <= upper).all()  # NaN is not
        rows, places = ((upper >= least[:, None]) & ranked).nonzero(as_tuple=True)
        self.pairs.append((rows, places + block.columns.start, upper[rows, places], block.scores[rows, places]))
        return bool(sound) and self._narrowed(least)

    def _least(self) -> Tensor:
        """Return what an upper bound has to reach, (Q,): the k-th lower one."""
        assert self.lower is not None
        few = self.lower.shape[1] < self.k
        return self.lower.new_full((self.queries,), -math.inf) if few else self.lower[:, -1]

    def _narrowed(self, least: Tensor) -> bool:
        """Drop what can no longer be among the best; False where too many are left."""
        import torch

        most = AT_MOST * self.k * self.queries
        if sum(len(part[0]) for part in self.pairs) > most:
            rows, *others = map(torch.cat, zip(*self.pairs, strict=True))
            kept = others[1] >= least[rows]
            self.pairs = [(rows[kept], *(each[kept] for each in others))]
        return len(self.pairs[0][0]) <= most

    def ranking(self, method: Postprocessor, state: State, row_stats: RowStats, order: np.ndarray) -> Ranking:
        """Rank by corrected scores."""
        top = TopK(self.queries, self.k, order)
        documents: list[Tensor] = []
        owner = f"{type(method).__name__}.apply"
        corrected = self._corrected(method, state, row_stats, documents)
        for block, ranked in refuse_infinite(corrected, owner):
            rows, places = (ranked & (block.scores > -math.inf)).nonzero(as_tuple=True)
            top.add_some(rows + block.first_row - self.first_row, documents[-1][places], block.scores[rows, places])
        return top.ranking()

    def _corrected(
        self, method: Postprocessor, state: State, row_stats: RowStats, documents: list[Tensor]
    ) -> Iterator[tuple[Block, Tensor]]:
        """Blocks of a few rows and of all that is left of any of them; their documents go to `documents`."""
        import torch

        if not self.pairs:
            return
        rows, found, _, scores = map(torch.cat, zip(*self.pairs, strict=True))
        rows, by_row = rows.sort(stable=True)
        found, scores = found[by_row], scores[by_row]
        ends = rows.bincount(minlength=self.queries).cumsum(0).tolist()
        for some in ranges(self.queries, ROWS_AT_ONCE):
            own = slice(ends[some.start - 1] if some.start else 0, ends[some.stop - 1])
            columns, places = torch.unique(found[own], return_inverse=True)
            documents.append(columns)
            shape = (some.stop - some.start, len(columns))
            ranked = torch.zeros(shape, dtype=torch.bool, device=rows.device)
            ranked[rows[own] - some.start, places] = True
            there = scores.new_zeros(shape)
            there[rows[own] - some.start, places] = scores[own]
            block = Block(slice(0, shape[1]), there, self.first_row + some.start)
            arrays = {name: array[columns] for name, array in state.arrays.items()}
            stats = {name: _part(each, some, columns) for name, each in row_stats.items()}
            yield checked_apply(method, block, ranked, replace(state, arrays=arrays), stats), ranked


def _part(statistic: Tensor, rows: slice, columns: Tensor) -> Tensor:
    return statistic[rows] if statistic.ndim == 1 else statistic[rows][:, columns]
