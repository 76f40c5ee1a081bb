"""Sinkhorn on a bank and one more query, for many such queries at once (METHODS 3.4, `append`).

One by one, each query costs `iterations` passes over the bank. Together they share them: what the bank's rows come to
for every query is one product of matrices a round. A query's own row joins it divided by its largest entry, so that it
may outweigh the bank, or be outweighed, at any temperature; the last round leaves it out (METHODS 3.8a).

Products are in float32 first. Where that cannot tell a query's first place, they are made again for it in float64; and
where a query moves the bank further than products reach, it is done by itself, in the log domain.

Letters: n queries at once, B bank queries, blocks of d documents. Row 0 of n + 1 is the bank alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from sparsebench import Block
from sparsebench.search import ranges
from sparsebench.workers import in_torch_threads
from sparsebench_plugins.postprocessors._potentials import Order, Streamed
from sparsebench_plugins.postprocessors._recut import recut
from sparsebench_plugins.postprocessors._sinkhorn_fused import fits

if TYPE_CHECKING:
    import torch
    from torch import Tensor

T = TypeVar("T")
Plan = tuple[slice, "Tensor", "Tensor"]
"""Of some documents: softmax_i(L_ij + lu_i) (B, d) and its log normaliser (d,) float64, for the bank alone."""

PAIRS_AT_ONCE = 2**21
"""Of a bank query and a document."""

REFERENCE_PAIRS = 2**16
"""Up to so many pairs of a bank query and a document float32 saves nothing."""

UNDECIDED = 1e-4
"""How far potentials in float32 may be off, at the most: ten times what was found at tau = .01 (`test_fast_paths`).
Where the first two documents of a query are within twice that, float64 decides."""

DRIFT = 8.0
"""How far the bank's own potentials may move before its plans are written anew."""


@dataclass(frozen=True)
class Reach:
    """Bounds within which products in one floating type stay fast and sound.

    flushed: numbers below it become 0, as arithmetic on subnormal numbers is ten times slower. large: natural log of
    the ratio above which one entry outweighs all others together. sound: natural log of the share of its largest factor
    below which a sum may miss what was flushed.
    """

    flushed: float
    large: float
    sound: float


IN_FLOAT32 = Reach(1e-30, math.log(1e35), math.log(1e-20))
IN_FLOAT64 = Reach(1e-240, math.log(1e280), math.log(1e-200))


def append_potentials(
    bank: Streamed,
    own: Tensor,
    *,
    iterations: int,
    order: Order,
    floor: float,
    alone: Callable[[Tensor], Tensor],
) -> Tensor:
    """Return lv (n, D) float64 that the bank's rows of [bank; query] leave to each query, with scores `own` (n, D).

    Marginals are balanced. Exact in all that decides a first place, among all documents and among those above the
    floor, and within UNDECIDED elsewhere. alone: lv (D,) of one query's scores (D,), in the log domain.
    """
    import torch

    run = partial(_run, bank, iterations=iterations, order=order)
    queries, documents = bank.shape
    if queries * documents > REFERENCE_PAIRS:
        lv, sound = run(own, dtype=torch.float32)
        again = ~sound | _undecided(own.double() + bank.tau * lv, own > floor, 2 * UNDECIDED * bank.tau)
    else:
        lv, again = torch.empty_like(own, dtype=torch.float64), torch.ones_like(own[:, 0], dtype=torch.bool)
    rows = again.nonzero().flatten()
    if len(rows):
        lv[rows], sound = run(own[rows], dtype=torch.float64)
        for row in rows[~sound].tolist():
            lv[row] = alone(own[row])
    return lv


def _run(bank: Streamed, own: Tensor, *, iterations: int, order: Order, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return lv (n, D) float64, and which of them are sound (n,) bool."""
    batch = _Batch(bank, own, order, dtype)
    for done in range(1, iterations):
        batch.sweep(documents=done > 1, queries=True)
    if iterations > 1:
        batch.sweep(documents=True, queries=False)
    return batch.left, batch.sound[1:]


def _undecided(keys: Tensor, candidates: Tensor, bound: float) -> Tensor:
    """Rows (n,) bool whose two best keys (n, D) are within the bound, among all documents or among candidates."""
    if keys.shape[1] < 2:
        return keys.new_zeros(len(keys)).bool()
    best, among = keys.topk(2, dim=1).values, keys.masked_fill(~candidates, -math.inf).topk(2, dim=1).values
    return (best[:, 0] - best[:, 1] <= bound) | (among[:, 0] - among[:, 1] <= bound)


class _Batch:
    """Batch of n + 1 problems that differ in one row, after the first normalisation of documents.

    lv: (n + 1, D) float64; left (n, D): the same without the query's own row. The bank's rows have the potentials lu +
    moved (n + 1, B), alone and beside each query; lu (B,) is in the plans. A query's own row has lw (n,).
    """

    def __init__(self, bank: Streamed, own: Tensor, order: Order, dtype: torch.dtype) -> None:
        import torch

        queries, documents = bank.shape
        self.log_a, self.log_b = -math.log(queries + 1), -math.log(documents)
        self._bank, self._own, self._dtype = bank, own, dtype
        self._reach = IN_FLOAT32 if dtype == torch.float32 else IN_FLOAT64
        self._plans: list[Plan] = []
        self.moved = own.new_zeros(len(own) + 1, queries, dtype=dtype)
        self.sound = torch.ones(len(own) + 1, dtype=torch.bool, device=own.device)
        lu, self.lw = own.new_zeros(queries, dtype=torch.float64), own.new_zeros(len(own), dtype=torch.float64)
        if order == "queries":
            lu = self.log_a - bank.round(lu, torch.zeros_like)[1]
            self.lw = self.log_a - self._own_lse()
        bank_lv, row_lse = bank.round(lu, lambda lse: self.log_b - lse)
        self.lu = self.log_a - row_lse
        self.lv = bank_lv.repeat(len(own) + 1, 1)
        self.left = self.lv[1:].clone()
        for columns in self._columns():
            joined = self._kernel(columns).add_(self.lw[:, None]).logaddexp(self.log_b - bank_lv[columns])
            self.lv[1:, columns] = self.log_b - joined

    def sweep(self, *, documents: bool, queries: bool) -> None:
        """One pass over the bank: normalise documents, and then queries."""
        import torch

        if self.moved[0].abs().amax() > DRIFT:
            self.lu, self.moved, self._plans = self.lu + self.moved[0], self.moved - self.moved[0], []
        parts = self._of_plans(partial(self._part, self.moved.exp(), documents, queries))
        least, sums, own_lse = map(torch.stack, zip(*parts, strict=True))
        least = least.amin(dim=0)
        self.sound &= least - self.moved.amax(dim=1) > self._reach.sound
        if queries:
            log_sums = sums.sum(dim=0).double().log_()
            self.sound &= log_sums.amin(dim=1) + least.clamp(max=0) > self._reach.sound
            self.moved = ((self.log_a - self.log_b) - log_sums).to(self._dtype)
            self.lw = self.log_a - own_lse.logsumexp(dim=0)

    def _part(
        self, shares: Tensor, documents: bool, queries: bool, columns: slice, plan: Tensor, lse: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Sum over some documents: least total (n + 1,), what bank rows add up to (n + 1, B), LSE of the own rows (n,).

        The total of a document is that of its column, in units of what the bank alone comes to.
        """
        if not queries:
            total = (shares @ plan).double().log_()
            self.left[:, columns] = self.log_b - lse - total[1:]
            return total.amin(dim=1), total[:0, 0], total[:0, 0]
        # A difference of large numbers, so in float64; what is left of it is small enough for float32.
        own = self._kernel(columns).add_(self.lw[:, None]).sub_(lse)
        top = own.amax(dim=1).clamp_(max=0)
        own = own.sub_(top[:, None]).clamp_(math.log(self._reach.flushed), self._reach.large).to(self._dtype).exp_()
        if documents:
            total = shares @ plan
            total[1:].addcmul_(own, top.exp().to(self._dtype)[:, None])
        else:
            total = (self.log_b - lse - self.lv[:, columns]).clamp_(max=self._reach.large).to(self._dtype).exp_()
        least, inverse = total.amin(dim=1).double().log_(), total.reciprocal_()
        own_lse = own.mul_(inverse[1:]).sum(dim=1).double().log_() + (self.log_b + top - self.lw)
        return least, inverse @ plan.T, own_lse

    def _of_plans(self, function: Callable[[slice, Tensor, Tensor], T]) -> list[T]:
        """Apply `function` to each plan, several at once on a CPU. Plans that fit in memory are kept. What
        one is of depends on the numbers of queries and documents alone: sums of theirs are summed up."""
        several = in_torch_threads if self._own.device.type == "cpu" else map
        if self._plans:
            return list(several(lambda plan: function(*plan), self._plans))
        keep, found = fits(*self._bank.shape, self._dtype.itemsize), list[T]()

        def of_part(part: Block) -> tuple[Plan | None, T]:
            plan = self._plan(part)
            return plan if keep else None, function(*plan)

        for parts in recut(self._bank.blocks, PAIRS_AT_ONCE // len(self.lu) + 1):
            for plan, made in several(of_part, parts):
                self._plans += [plan] if plan else []
                found.append(made)
        return found

    def _plan(self, part: Block) -> Plan:
        import torch

        lse = self._bank.largest(part, self.lu).shares().lse
        terms = (part.scores.double() * (1 / self._bank.tau)).add_(self.lu[:, None]).sub_(lse)
        plan = terms.clamp_(min=math.log(self._reach.flushed)).to(self._dtype).exp_()
        return part.columns, torch.threshold_(plan, self._reach.flushed, 0), lse

    def _own_lse(self) -> Tensor:
        """LSE_j of the queries themselves, (n,)."""
        import torch

        found = torch.full_like(self.lw, -math.inf)
        for columns in self._columns():
            found = found.logaddexp(self._kernel(columns).logsumexp(dim=1))
        return found

    def _columns(self) -> Iterator[slice]:
        return ranges(self._own.shape[1], PAIRS_AT_ONCE // (len(self._own) + 1) + 1)

    def _kernel(self, columns: slice) -> Tensor:
        """L of the queries themselves, (n, d) float64."""
        return self._own[:, columns].double() * (1 / self._bank.tau)
