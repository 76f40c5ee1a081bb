"""Potentials of documents, learnt from fitting queries (METHODS 3).

In the log domain throughout: exp(S / tau) overflows float32 at small tau.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, Protocol

from annotated_types import Ge, Gt

from benchmark.search.source import ranges
from benchmark.types import Block, ScoreBlocks, Sees
from plugins.postprocessors._fitting import Fitting, complete, enough
from plugins.postprocessors._pool import Pool, pool_of

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Temperature = Annotated[float, Gt(0)]
PoolSize = Annotated[int, Ge(1)]
Order = Literal["documents", "queries"]

REFERENCE_PAIRS = 2**16
"""Up to so many pairs of a query and a document the reference is as good as instant."""

PAIRS_AT_ONCE = 2**19
"""For sums over documents or queries. Measured: 2**18 to 2**20 are fastest."""

PAIRS_ELSEWHERE = 2**25
"""Fewer and larger steps for a GPU."""


class Kernel(Protocol):
    """L = S / tau of Q fitting queries and D documents."""

    @property
    def shape(self) -> tuple[int, int]:
        """(Q, D)."""
        ...

    @property
    def precision(self) -> str:
        """What exponentials are computed in; potentials are kept in float64."""
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

    In float64 where there are few pairs: the reference. In float32 where there are many: half the bytes, exponentials
    in a third of the time, and potentials within 1e-5 of the reference. The width of the blocks changes a potential by
    rounding only. Raises ScoreError where a document is unseen.
    """

    blocks: Fitting
    tau: float

    @property
    def shape(self) -> tuple[int, int]:
        """See Kernel."""
        return self.blocks.shape

    @property
    def precision(self) -> Literal["float32", "float64"]:
        """See Kernel."""
        return "float32" if self.shape[0] * self.shape[1] > REFERENCE_PAIRS else "float64"

    @property
    def dtype(self) -> torch.dtype:
        """Of `precision`."""
        import torch

        found: torch.dtype = getattr(torch, self.precision)
        return found

    def document_lse(self) -> Tensor:
        """See Kernel."""
        import torch

        nothing = torch.zeros(self.shape[0])
        return torch.cat([self._document_lse(block, nothing) for block in self.blocks])

    def round(self, lu: Tensor, potential: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
        """See Kernel."""
        import torch

        lvs = []
        row_lse = torch.full_like(lu, -math.inf)
        for block in self.blocks:
            lv = potential(self._document_lse(block, lu))
            row_lse = row_lse.to(lv.device).logaddexp(self._query_lse(block, lv))
            lvs.append(lv)
        return torch.cat(lvs), row_lse

    def tiles(self, block: Block) -> Iterator[tuple[slice, Tensor]]:
        """Rows of a block and their L (q, d), which the caller may write to."""
        for rows in few_rows(block.scores, PAIRS_AT_ONCE):
            yield rows, block.scores[rows].to(self.dtype) / self.tau

    def _document_lse(self, block: Block, lu: Tensor) -> Tensor:
        """LSE_i(L_ij + lu_i), (d,)."""
        import torch

        weights = lu.to(block.scores.device, self.dtype)
        peak = weights.new_full(block.scores.shape[1:], -math.inf)
        total = torch.zeros_like(peak)
        for rows, kernel in self.tiles(block):
            if kernel.amin() == -math.inf:
                complete(block)  # says where
            kernel += weights[rows, None]
            higher = peak.maximum(kernel.amax(dim=0))
            total = total * (peak - higher).exp_() + kernel.sub_(higher).exp_().sum(dim=0)
            peak = higher
        return (peak + total.log()).double()

    def _query_lse(self, block: Block, lv: Tensor) -> Tensor:
        """LSE_j(L_ij + lv_j), (Q,)."""
        import torch

        weights = lv.to(self.dtype)
        return torch.cat([kernel.add_(weights).logsumexp(dim=1) for _, kernel in self.tiles(block)]).double()


@dataclass(frozen=True, eq=False)
class Pooled:
    """The pairs of a pool; all others have their query's floor."""

    pool: Pool
    tau: float

    @property
    def shape(self) -> tuple[int, int]:
        """See Kernel."""
        return self.pool.shape

    @property
    def precision(self) -> Literal["float64"]:
        """See Kernel."""
        return "float64"

    def document_lse(self) -> Tensor:
        """See Kernel."""
        import torch

        return self.pool.document_lse(torch.zeros(self.shape[0], dtype=torch.float64), self.tau)

    def round(self, lu: Tensor, potential: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
        """See Kernel."""
        lv = potential(self.pool.document_lse(lu, self.tau))
        return lv, self.pool.query_lse(lv, self.tau)


def few_rows(scores: Tensor, pairs: int) -> Iterator[slice]:
    """The rows of scores (Q, d), about so many pairs at a time: what is made of them stays in the cache of a CPU."""
    step = (pairs if scores.device.type == "cpu" else PAIRS_ELSEWHERE) // scores.shape[1]
    return ranges(scores.shape[0], max(1, step))


def normaliser(kernel: Tensor, fitted: Tensor, sees: Sees) -> Tensor:
    """C for the rows to correct: fitted (d,) holds them under `batch`; under `bank` each row joins it, (Q, d)."""
    return kernel.logaddexp(fitted) if sees == "bank" else fitted
