"""Potentials of documents, learnt from fitting queries (METHODS 3).

In the log domain throughout: exp(S / tau) overflows float32 at small tau.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, Protocol, TypeVar

from annotated_types import Ge, Gt, doc

from sparsebench import Block, ScoreBlocks, Sees
from sparsebench.search import ranges
from sparsebench.workers import in_torch_threads
from sparsebench_plugins.postprocessors._fitting import Fitting, complete, enough
from sparsebench_plugins.postprocessors._pool import Pool, pool_of

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Temperature = Annotated[float, Gt(0), doc("Temperature, in units of the scale.")]
PoolSize = Annotated[
    int,
    Ge(1),
    doc("Learn from this many best documents of each query alone, e.g. of a run file; all documents are ranked."),
]
Order = Literal["documents", "queries"]
T = TypeVar("T")

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

    def of_tiles(self, function: Callable[[slice, Tensor], T], block: Block) -> list[T]:
        """What `function` makes of some rows of a block and their L (q, d), which it may write to."""

        def of_rows(rows: slice) -> T:
            return function(rows, block.scores[rows].to(self.dtype) / self.tau)

        return of_few_rows(of_rows, block.scores, PAIRS_AT_ONCE)

    def _document_lse(self, block: Block, lu: Tensor) -> Tensor:
        """LSE_i(L_ij + lu_i), (d,)."""
        import torch

        weights = lu.to(block.scores.device, self.dtype)

        def peaks_and_totals(rows: slice, kernel: Tensor) -> tuple[Tensor, Tensor]:
            if kernel.amin() == -math.inf:
                complete(block)  # says where
            peaks = kernel.add_(weights[rows, None]).amax(dim=0)
            return peaks, kernel.sub_(peaks).exp_().sum(dim=0)

        peaks, totals = map(torch.stack, zip(*self.of_tiles(peaks_and_totals, block), strict=True))
        return (peaks + totals.log()).double().logsumexp(dim=0)

    def _query_lse(self, block: Block, lv: Tensor) -> Tensor:
        """LSE_j(L_ij + lv_j), (Q,)."""
        import torch

        weights = lv.to(self.dtype)
        return torch.cat(self.of_tiles(lambda _, kernel: kernel.add_(weights).logsumexp(dim=1), block)).double()


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


def of_few_rows(function: Callable[[slice], T], scores: Tensor, pairs: int) -> list[T]:
    """What `function` makes of the rows of scores (Q, d), about so many pairs at a time.

    On a CPU what it makes of them stays in the cache, and several are made at once.
    """
    on_cpu = scores.device.type == "cpu"
    rows = ranges(scores.shape[0], max(1, (pairs if on_cpu else PAIRS_ELSEWHERE) // scores.shape[1]))
    return in_torch_threads(function, rows) if on_cpu else list(map(function, rows))


def normaliser(kernel: Tensor, fitted: Tensor, sees: Sees) -> Tensor:
    """C for the rows to correct: fitted (d,) holds them under `batch`; under `bank` each row joins it, (Q, d)."""
    return kernel.logaddexp(fitted) if sees == "bank" else fitted
