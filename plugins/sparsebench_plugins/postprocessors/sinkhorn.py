"""Sinkhorn: alternating normalisation of documents and queries (Mena et al. 2018; METHODS 3.3 and 3.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from annotated_types import Ge, Le

from sparsebench import Block, FitContext, Postprocessor, RowStats, ScoreBlocks, Sees, State
from sparsebench_plugins.postprocessors._append import append_potentials
from sparsebench_plugins.postprocessors._fitting import Appended, distinct, enough
from sparsebench_plugins.postprocessors._potentials import Kernel, Order, PoolSize, Streamed, Temperature, kernel_of
from sparsebench_plugins.postprocessors._sinkhorn import Found, sinkhorn_potentials

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
        """lv: potentials of documents, (D,) float64. The record says how they were computed."""
        kernel = kernel_of(self._fitting(blocks, context), tau=self.tau, sees=self.sees, pool=self.pool)
        found = self._potentials(kernel)
        return State({"lv": found.lv}, facts={"potentials": found.path})

    def apply(self, block: Block, state: State, row_stats: RowStats) -> Tensor:
        """(Q, d) float64."""
        lv = row_stats["lv"][:, block.columns] if "lv" in row_stats else state.arrays["lv"][block.columns]
        return block.scores.double() + self.tau * lv

    def _fitting(self, blocks: ScoreBlocks, context: FitContext) -> ScoreBlocks:
        return distinct(blocks, context) if self.query_weights == "dedup" else blocks

    def _potentials(self, kernel: Kernel) -> Found:
        return sinkhorn_potentials(
            kernel, iterations=self.iterations, order=self.order, document_marginal=self.document_marginal
        )


@dataclass(frozen=True, kw_only=True)
class SinkhornSingleQuery(Sinkhorn):
    """Sinkhorn of each query over a bank. Raises ScoreError for an empty bank."""

    mode: Literal["frozen", "append"] = "frozen"
    """`frozen` takes the potentials of the bank alone, O(D) a query. `append` fits on the bank and the query, for each
    query: exact, slow, and Q x D potentials in memory, so rank many queries in chunks."""

    sees: ClassVar[Sees] = "bank"

    def __post_init__(self) -> None:
        if self.mode == "append" and self.pool is not None:
            raise ValueError("`mode: append` reads whole rows, and `pool` leaves most of them out; use `mode: frozen`")

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        """lv as for Sinkhorn; in mode `append` the bank itself."""
        if self.mode == "append":
            bank = enough(self._fitting(blocks, context), self.sees)
            path = "float32, batches of queries (torch)" if self._in_batches(bank) else "query by query"
            return State(blocks=bank, facts={"potentials": path})
        return super().fit(blocks, context)

    def row_stats(self, blocks: ScoreBlocks, state: State) -> RowStats:
        """In mode `append`, lv (Q, D): the potentials of documents for each query."""
        import torch

        if state.blocks is None:
            return {}
        scores, bank = torch.cat([block.scores for block in blocks], dim=1), state.blocks
        if not self._in_batches(bank):
            return {"lv": torch.stack([self._appended(bank, own) for own in scores])}
        lv, sound = append_potentials(Streamed(bank, self.tau), scores, iterations=self.iterations, order=self.order)
        for row in (~sound).nonzero().flatten().tolist():
            lv[row] = self._appended(bank, scores[row])
        return {"lv": lv}

    def _in_batches(self, bank: ScoreBlocks) -> bool:
        return self.document_marginal == 1 and Streamed(bank, self.tau).precision == "float32"

    def _appended(self, bank: ScoreBlocks, own: Tensor) -> Tensor:
        return self._potentials(Streamed(Appended(bank, own), self.tau)).lv
