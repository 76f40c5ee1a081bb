"""Potentials of documents, learnt from fitting queries (METHODS 3).

In float64 and in the log domain throughout: exp(S / tau) overflows float32 at small tau.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, Protocol

from annotated_types import Ge, Gt

from benchmark.types import Block, ScoreBlocks, Sees
from plugins.postprocessors._fitting import Fitting, complete, enough
from plugins.postprocessors._pool import Pool, pool_of

if TYPE_CHECKING:
    from torch import Tensor

Temperature = Annotated[float, Gt(0)]
PoolSize = Annotated[int, Ge(1)]
Order = Literal["documents", "queries"]


class Kernel(Protocol):
    """L = S / tau of Q fitting queries and D documents."""

    @property
    def shape(self) -> tuple[int, int]:
        """(Q, D)."""
        ...

    def document_lse(self) -> Tensor:
        """LSE_i L_ij, (D,) float64."""
        ...

    def round(self, lu: Tensor, potential: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
        """From lu (Q,): lv = potential(LSE_i(L_ij + lu_i)) (D,), and LSE_j(L_ij + lv_j) (Q,)."""
        ...


def kernel_of(blocks: ScoreBlocks, *, tau: float, sees: Sees, pool: int | None = None) -> Kernel:
    """The kernel of all pairs, or of the `pool` best documents of each query (METHODS 3.8).

    Raises ScoreError where there are too few queries to learn from.
    """
    return enough(Streamed(blocks, tau) if pool is None else Pooled(pool_of(blocks, pool), tau), sees)


@dataclass(frozen=True, eq=False)
class Streamed:
    """All pairs, block by block: memory O(Q * block + D), one pass a round.

    The width of the blocks changes a potential by rounding only. Raises ScoreError where a document is unseen.
    """

    blocks: Fitting
    tau: float

    @property
    def shape(self) -> tuple[int, int]:
        """See Kernel."""
        return self.blocks.shape

    def document_lse(self) -> Tensor:
        """See Kernel."""
        import torch

        return torch.cat([self._kernel(block).logsumexp(dim=0) for block in self.blocks])

    def round(self, lu: Tensor, potential: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
        """See Kernel."""
        import torch

        lvs = []
        row_lse = torch.full_like(lu, -math.inf)
        for block in self.blocks:
            kernel = self._kernel(block)
            lv = potential((kernel + lu.to(kernel.device)[:, None]).logsumexp(dim=0))
            row_lse = row_lse.to(kernel.device).logaddexp((kernel + lv).logsumexp(dim=1))
            lvs.append(lv)
        return torch.cat(lvs), row_lse

    def _kernel(self, block: Block) -> Tensor:
        return complete(block) / self.tau


@dataclass(frozen=True, eq=False)
class Pooled:
    """The pairs of a pool; all others have their query's floor."""

    pool: Pool
    tau: float

    @property
    def shape(self) -> tuple[int, int]:
        """See Kernel."""
        return self.pool.shape

    def document_lse(self) -> Tensor:
        """See Kernel."""
        import torch

        return self.pool.document_lse(torch.zeros(self.shape[0], dtype=torch.float64), self.tau)

    def round(self, lu: Tensor, potential: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
        """See Kernel."""
        lv = potential(self.pool.document_lse(lu, self.tau))
        return lv, self.pool.query_lse(lv, self.tau)


def normaliser(kernel: Tensor, fitted: Tensor, sees: Sees) -> Tensor:
    """C for the rows to correct: fitted (d,) holds them under `batch`; under `bank` each row joins it, (Q, d)."""
    return kernel.logaddexp(fitted) if sees == "bank" else fitted


def sinkhorn_potentials(kernel: Kernel, *, iterations: int, order: Order, document_marginal: float) -> Tensor:
    """The document potentials lv, (D,), after `iterations` rounds of Sinkhorn (METHODS 3.3).

    iterations >= 1. 0 <= document_marginal <= 1: 1 is balanced, 0 leaves lv at 0.
    """
    import torch

    queries, documents = kernel.shape
    log_a, log_b = -math.log(queries), -math.log(documents)
    lu = torch.zeros(queries, dtype=torch.float64)
    if order == "queries":
        # A round that leaves lv at 0 is all that starting with the rows means.
        lu = log_a - kernel.round(lu, torch.zeros_like)[1]
    for _ in range(iterations):
        lv, row_lse = kernel.round(lu, lambda lse: document_marginal * (log_b - lse))
        lu = log_a - row_lse
    return lv
