"""Sinkhorn on a bank and one more query, for many such queries at once (METHODS 3.4, `append`).

One by one, each query costs `iterations` passes over the bank. Together they share them: what the bank's rows come to
for every query is one product of matrices a round, in float32. A query's own row joins it divided by its largest entry,
so that it may outweigh the bank, or be outweighed, at any temperature; the last round adds it in the log domain.

Letters: n queries at once, B bank queries, blocks of d documents. Row 0 of n + 1 is the bank alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from sparsebench import Block
from sparsebench.search import ranges
from sparsebench.workers import in_torch_threads
from sparsebench_plugins.postprocessors._potentials import Order, Streamed
from sparsebench_plugins.postprocessors._sinkhorn_fused import fits

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")
Plan = tuple[slice, "Tensor", "Tensor"]
"""Of some documents: softmax_i(L_ij + lu_i) (B, d) and its log normaliser (d,), for the bank alone."""

PAIRS_AT_ONCE = 2**21
"""Of a bank query and a document."""

FLUSHED = 1e-30
"""What is less in a matrix is 0, as in `_sinkhorn_fused`."""

LARGE = math.log(1e35)
"""Above so many times all others an entry is all there is."""

DRIFT = 8.0
"""How far the bank's own potentials may move before its plans are written anew."""

SOUND = math.log(1e-20)
"""A sum that is less than this share of its largest factor may miss what was flushed."""


def append_potentials(bank: Streamed, own: Tensor, *, iterations: int, order: Order) -> tuple[Tensor, Tensor]:
    """lv (n, D) float32 of [bank; query] for queries with scores `own` (n, D), and which of them are sound (n,) bool.

    Marginals are balanced. A query that moves the bank further than float32 reaches is not sound.
    """
    batch = _Batch(bank, own.float(), order)
    for done in range(1, iterations):
        batch.sweep(documents=done > 1, queries=True)
    if iterations > 1:
        batch.sweep(documents=True, queries=False)
    return batch.lv[1:], batch.sound[1:]


class _Batch:
    """n + 1 problems that differ in one row, after the first normalisation of documents.

    lv: (n + 1, D). The bank's rows have the potentials lu + moved (n + 1, B), alone and beside each query; lu (B,) is
    in the plans. A query's own row has lw (n,).
    """

    def __init__(self, bank: Streamed, own: Tensor, order: Order) -> None:
        import torch

        queries, documents = bank.shape
        self.log_a, self.log_b = -math.log(queries + 1), -math.log(documents)
        self._bank, self._own = bank, own
        self._plans: list[Plan] = []
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

        if self.moved[0].abs().amax() > DRIFT:
            self.lu, self.moved, self._plans = self.lu + self.moved[0], self.moved - self.moved[0], []
        parts = self._of_plans(partial(self._part, self.moved.exp(), documents, queries))
        least, sums, own_lse = map(torch.stack, zip(*parts, strict=True))
        least = least.amin(dim=0)
        self.sound &= least - self.moved.amax(dim=1) > SOUND
        if queries:
            log_sums = sums.sum(dim=0).log_()
            self.sound &= log_sums.amin(dim=1) + least.clamp(max=0) > SOUND
            self.moved, self.lw = (self.log_a - self.log_b) - log_sums, self.log_a - own_lse.logsumexp(dim=0)

    def _part(
        self, shares: Tensor, documents: bool, queries: bool, columns: slice, plan: Tensor, lse: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Of some documents: least total (n + 1,), what bank rows add up to (n + 1, B), LSE of the own rows (n,).

        The total of a document is that of its column, in units of what the bank alone comes to.
        """
        own = self._kernel(columns).add_(self.lw[:, None]).sub_(lse)
        if not queries:
            total = (shares @ plan).log_()
            total[1:] = total[1:].logaddexp(own)
            self.lv[:, columns] = self.log_b - lse - total
            return total.amin(dim=1), total[:0, 0], total[:0, 0]
        top = own.amax(dim=1).clamp_(max=0)
        own = own.sub_(top[:, None]).clamp_(math.log(FLUSHED), LARGE).exp_()
        if documents:
            total = shares @ plan
            total[1:].addcmul_(own, top.exp()[:, None])
        else:
            total = (self.log_b - lse - self.lv[:, columns]).clamp_(max=LARGE).exp_()
        least, inverse = total.amin(dim=1).log(), total.reciprocal_()
        own_lse = own.mul_(inverse[1:]).sum(dim=1).log_() + (self.log_b + top - self.lw)
        return least, inverse @ plan.T, own_lse

    def _of_plans(self, function: Callable[[slice, Tensor, Tensor], T]) -> list[T]:
        """What `function` makes of each plan, several at once on a CPU. Plans that fit in memory are kept."""
        several = in_torch_threads if self._own.device.type == "cpu" else map
        if self._plans:
            return list(several(lambda plan: function(*plan), self._plans))
        keep, found = fits(*self._bank.shape), list[T]()

        def of_columns(block: Block, places: slice) -> tuple[Plan | None, T]:
            plan = self._plan(block, places)
            return plan if keep else None, function(*plan)

        for block in self._bank.blocks:
            parts = several(
                partial(of_columns, block), ranges(block.scores.shape[1], PAIRS_AT_ONCE // len(self.lu) + 1)
            )
            for plan, part in parts:
                self._plans += [plan] if plan else []
                found.append(part)
        return found

    def _plan(self, block: Block, places: slice) -> Plan:
        import torch

        kernel = (block.scores[:, places].float() / self._bank.tau).add_(self.lu.float()[:, None])
        lse = kernel.logsumexp(dim=0)
        plan = kernel.sub_(lse).clamp_(min=math.log(FLUSHED)).exp_()
        columns = slice(block.columns.start + places.start, block.columns.start + places.stop)
        return columns, torch.threshold_(plan, FLUSHED, 0), lse

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
