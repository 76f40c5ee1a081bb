"""Sinkhorn on a bank and one more query, for many such queries at once (METHODS 3.4, `append`).

One by one, each query costs `iterations` passes over the bank. Together they share them: what the bank's rows come to
for every query is one product of matrices a round, in float32. A query's own row joins in the log domain, so that it
may outweigh the bank at any temperature.

Letters: n queries at once, B bank queries, blocks of d documents. Row 0 of n + 1 is the bank alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from benchmark.search.source import ranges
from benchmark.types import Block
from benchmark.workers import in_torch_threads
from plugins.postprocessors._potentials import Order, Streamed

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")

PAIRS_AT_ONCE = 2**21
"""Of a bank query and a document."""

FLUSHED = 1e-30
"""What is less in a matrix is 0, as in `_sinkhorn_fused`."""

SOUND = math.log(1e-20)
"""A sum that is less than this share of its largest factor may miss what was flushed."""


def append_potentials(bank: Streamed, own: Tensor, *, iterations: int, order: Order) -> tuple[Tensor, Tensor]:
    """lv (n, D) float32 of [bank; query] for queries with scores `own` (n, D), and which of them are sound (n,) bool.

    Marginals are balanced. A query that moves the bank further than float32 reaches is not sound.
    """
    batch = _Batch(bank, own, order)
    for done in range(1, iterations):
        batch.sweep(documents=done > 1, queries=True)
    if iterations > 1:
        batch.sweep(documents=True, queries=False)
    return batch.lv[1:], batch.sound[1:]


class _Batch:
    """n + 1 problems that differ in one row, after the first normalisation of documents.

    lv: (n + 1, D). The bank's rows have the potentials lu (B,) for the bank alone, lu + moved (n + 1, B) beside each
    query; the query's own row has lw (n,).
    """

    def __init__(self, bank: Streamed, own: Tensor, order: Order) -> None:
        import torch

        queries, documents = bank.shape
        self.log_a, self.log_b = -math.log(queries + 1), -math.log(documents)
        self._bank, self._own = bank, own
        self.lv, self.moved = own.new_empty(len(own) + 1, documents), own.new_zeros(len(own) + 1, queries)
        self.sound = torch.ones(len(own) + 1, dtype=torch.bool, device=own.device)
        lu, self.lw = own.new_zeros(queries, dtype=torch.float64), own.new_zeros(len(own))
        if order == "queries":
            lu = self.log_a - bank.round(lu, torch.zeros_like)[1]
            self.lw = self.log_a - self._own_lse()
        bank_lv, row_lse = bank.round(lu, lambda lse: self.log_b - lse)
        self.lu = self.log_a - row_lse
        self.lv[0] = bank_lv
        for columns in self._columns():
            joined = self._kernel(columns).add_(self.lw[:, None]).logaddexp((self.log_b - bank_lv[columns]).float())
            self.lv[1:, columns] = self.log_b - joined

    def sweep(self, *, documents: bool, queries: bool) -> None:
        """One pass over the bank: normalise documents, and then queries."""
        import torch

        parts = self._of_plans(partial(self._part, self.moved.exp(), documents, queries))
        least, sums, own_lse = map(torch.stack, zip(*parts, strict=True))
        least = least.amin(dim=0)
        self.sound &= least - self.moved.amax(dim=1) > SOUND
        if queries:
            log_sums = sums.sum(dim=0).log_()
            self.sound &= log_sums.amin(dim=1) + least > SOUND
            self.lu = self.lu + (self.log_a - self.log_b) - log_sums[0]
            self.moved, self.lw = log_sums[0] - log_sums, self.log_a - own_lse.logsumexp(dim=0)

    def _part(
        self, shares: Tensor, documents: bool, queries: bool, columns: slice, plan: Tensor, lse: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Of some documents: least total (n + 1,), what bank rows add up to (n + 1, B), LSE of the own rows (n,)."""
        if documents:
            total = (shares @ plan).log_()
            total[1:] = total[1:].logaddexp(self._kernel(columns).add_(self.lw[:, None]).sub_(lse))
            self.lv[:, columns] = self.log_b - lse - total
        else:
            total = self.log_b - lse - self.lv[:, columns]
        least = total.amin(dim=1)
        if not queries:
            return least, least[:0], least[:0]
        own_lse = self._kernel(columns).add_(self.lv[1:, columns]).logsumexp(dim=1)
        return least, total.neg_().exp_() @ plan.T, own_lse

    def _of_plans(self, function: Callable[[slice, Tensor, Tensor], T]) -> list[T]:
        """What `function` makes of some documents, of softmax_i(L_ij + lu_i) (B, d) and its log normaliser (d,).

        For the bank alone. Several at once on a CPU.
        """
        import torch

        lu = self.lu.float()[:, None]

        def of_columns(block: Block, places: slice) -> T:
            kernel = (block.scores[:, places] / self._bank.tau).add_(lu)
            lse = kernel.logsumexp(dim=0)
            plan = kernel.sub_(lse).clamp_(min=math.log(FLUSHED)).exp_()
            columns = slice(block.columns.start + places.start, block.columns.start + places.stop)
            return function(columns, torch.threshold_(plan, FLUSHED, 0), lse)

        found: list[T] = []
        for block in self._bank.blocks:
            several = in_torch_threads if block.scores.device.type == "cpu" else map
            places = ranges(block.scores.shape[1], PAIRS_AT_ONCE // len(lu) + 1)
            found += several(partial(of_columns, block), places)
        return found

    def _own_lse(self) -> Tensor:
        """LSE_j of the queries themselves, (n,)."""
        found = self._own.new_full(self.lw.shape, -math.inf)
        for columns in self._columns():
            found = found.logaddexp(self._kernel(columns).logsumexp(dim=1))
        return found

    def _columns(self) -> Iterator[slice]:
        return ranges(self.lv.shape[1], PAIRS_AT_ONCE // len(self.lv) + 1)

    def _kernel(self, columns: slice) -> Tensor:
        """L of the queries themselves, (n, d)."""
        return self._own[:, columns] / self._bank.tau
