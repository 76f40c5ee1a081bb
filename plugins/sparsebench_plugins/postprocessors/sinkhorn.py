"""Sinkhorn: alternating normalisation of documents and queries (Mena et al. 2018; METHODS 3.3 and 3.4)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from annotated_types import Ge, Le

from sparsebench import Block, FitContext, Postprocessor, RowStats, ScoreBlocks, Sees, State
from sparsebench_plugins.postprocessors import _bounds
from sparsebench_plugins.postprocessors._append import append_potentials
from sparsebench_plugins.postprocessors._fitting import Appended, distinct, enough
from sparsebench_plugins.postprocessors._potentials import (
    Kernel,
    Order,
    PoolSize,
    Streamed,
    Temperature,
    kernel_of,
    learnt,
    resolution,
)
from sparsebench_plugins.postprocessors._shares import leave_one_out, log_shares, softplus
from sparsebench_plugins.postprocessors._sinkhorn import Found, query_potentials

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Sinkhorn(Postprocessor):
    """`S_ij + tau * lv_j`, which ranks as the transport plan does and never underflows.

    Raises ScoreError for a batch of one query.
    """

    tau: Temperature
    iterations: Annotated[int, Ge(1)] = 10
    """Rounds of normalising one side and then the other."""

    order: Order = "documents"
    """Which side a round normalises first; `documents` cancels any offset of a document, `queries` any of a query."""

    document_marginal: Annotated[float, Ge(0), Le(1)] = 1.0
    """How far documents are held to equal mass: 0 not at all, 1 fully."""

    query_weights: Literal["uniform", "dedup"] = "uniform"
    """`dedup` lets fitting queries of the same text count once."""

    pool: PoolSize | None = None
    sees: ClassVar[Sees] = "batch"

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        """Learn of each document: lse, LSE_i(S_ij / tau + lu_i) with the potentials lu of queries of the last round;
        owner, the query with the largest term; margin, that term less LSE of all others; (D,) each. The potential of
        a document is lv = document_marginal * (-log D - lse). The record says how they were computed.
        """
        fitting, passes = self._fitting(blocks, context), self.iterations
        kernel = kernel_of(fitting, tau=self.tau, sees=self.sees, pool=self.pool, passes=passes)
        found = self._potentials(kernel)
        return replace(self._learnt(kernel, found), facts={"potentials": found.path})

    def _learnt(self, kernel: Kernel, found: Found) -> State:
        return learnt(kernel, found.lu, self.tau, found.shares)

    def apply(self, block: Block, state: State, row_stats: RowStats) -> Tensor:
        """Correct the scores, (Q, d) float64."""
        shares, owned = log_shares(block, state, self.tau)
        if self.document_marginal == 1:
            return leave_one_out(shares, owned, floors=self.pool is not None).mul_(self.tau)
        own = block.scores.double() * (1 - self.document_marginal)
        return own.add_(shares, alpha=self.tau * self.document_marginal)

    def bounds(self, block: Block, state: State, row_stats: RowStats) -> _bounds.Bounds | None:
        """Bound log shares, in units of tau; None with a pool's floors or a relaxed marginal."""
        if self.pool is not None or self.document_marginal != 1:
            return None
        return _bounds.log_shares_less_one(block, state, self.tau)

    def _fitting(self, blocks: ScoreBlocks, context: FitContext) -> ScoreBlocks:
        return distinct(blocks, context) if self.query_weights == "dedup" else blocks

    def _potentials(self, kernel: Kernel) -> Found:
        return query_potentials(
            kernel,
            self.sees,
            iterations=self.iterations,
            order=self.order,
            document_marginal=self.document_marginal,
        )


class FrozenSinkhorn(Sinkhorn):
    """The potentials of documents that a bank alone comes to, for any query: `S_qj + tau * lv_j`."""

    sees: ClassVar[Sees] = "bank"

    def _learnt(self, kernel: Kernel, found: Found) -> State:
        lse = kernel.shares(found.lu).lse
        lv = self.document_marginal * (-math.log(len(lse)) - lse)
        return State({"lv": lv}, error=self.tau * resolution(lse, found.lu))

    def apply(self, block: Block, state: State, row_stats: RowStats) -> Tensor:
        """Correct the scores, (Q, d) float64."""
        return block.scores.double() + self.tau * state.arrays["lv"][block.columns]

    def bounds(self, block: Block, state: State, row_stats: RowStats) -> _bounds.Bounds | None:
        """Bound the sum of score and potential."""
        return _bounds.shifted(block.scores, self.tau * state.arrays["lv"][block.columns])


@dataclass(frozen=True, kw_only=True)
class SinkhornSingleQuery(FrozenSinkhorn):
    """Sinkhorn of each query over a bank. Raises ScoreError for an empty bank."""

    mode: Literal["frozen", "append"] = "frozen"
    """`frozen` takes the potentials of the bank alone, O(D) a query. `append` fits on the bank and the query, for each
    query: exact, slow, and Q x D potentials in memory, so rank many queries in chunks."""

    def __post_init__(self) -> None:
        if self.mode == "append" and self.pool is not None:
            raise ValueError("`mode: append` reads whole rows, and `pool` leaves most of them out; use `mode: frozen`")

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        """Learn lv: potentials of documents, (D,) float64; in mode `append` the bank itself."""
        if self.mode == "append":
            fitting = self._fitting(blocks, context)
            batches = "products in float32, in float64 where that cannot tell (torch)"
            path = batches if self.document_marginal == 1 else "query by query"
            return State(blocks=enough(fitting, self.sees), facts={"potentials": path})
        return super().fit(blocks, context)

    def apply(self, block: Block, state: State, row_stats: RowStats) -> Tensor:
        """Correct the scores, (Q, d) float64."""
        if "lv" not in row_stats:
            return super().apply(block, state, row_stats)
        assert state.blocks is not None
        kernel, lv = block.scores.double() / self.tau, row_stats["lv"][:, block.columns]
        if self.document_marginal == 1:
            return kernel.add_(lv).mul_(self.tau)
        x = kernel + row_stats["lu"][:, None] + lv + math.log(state.blocks.shape[1])
        relaxed = kernel * (1 - self.document_marginal) - softplus(-x) * self.document_marginal
        return relaxed.mul_(self.tau)

    def bounds(self, block: Block, state: State, row_stats: RowStats) -> _bounds.Bounds | None:
        """Bound the scores in mode `frozen` alone; None in others."""
        return super().bounds(block, state, row_stats) if self.mode == "frozen" else None

    def row_stats(self, blocks: ScoreBlocks, state: State) -> RowStats:
        """Return in mode `append` lv (Q, D) float64, the potentials of documents that the bank's queries leave to each
        query, and its own potential lu (Q,) where the marginal is relaxed.

        Without the query's own term: with it, what it owns would differ by less than a float64 has digits.
        """
        import torch

        if state.blocks is None:
            return {}
        bank, scores = state.blocks, torch.cat([block.scores for block in blocks], dim=1)
        if self.document_marginal != 1:
            lv, lu = zip(*(self._appended(bank, own) for own in scores), strict=True)
            return {"lv": torch.stack(lv), "lu": torch.stack(lu)}
        return {
            "lv": append_potentials(
                Streamed(bank, self.tau),
                scores,
                iterations=self.iterations,
                order=self.order,
                floor=blocks.floor,
                alone=lambda own: self._appended(bank, own)[0],
            )
        }

    def _appended(self, bank: ScoreBlocks, own: Tensor) -> tuple[Tensor, Tensor]:
        """Return lv (D,) that the bank's rows leave, were no marginal relaxed, and the query's own potential lu."""
        lu = self._potentials(Streamed(Appended(bank, own), self.tau)).lu
        lse = Streamed(bank, self.tau).shares(lu[:-1]).lse
        return -math.log(len(lse)) - lse, lu[-1]
