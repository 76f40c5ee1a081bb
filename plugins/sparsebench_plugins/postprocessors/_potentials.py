"""Potentials of documents, learnt from fitting queries (METHODS 3).

In the log domain throughout, and in float64: exp(S / tau) overflows at small tau, and what float32 leaves of the
difference of two sums can decide the first place (METHODS 3.8a).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, Protocol, TypeVar

from annotated_types import Ge, Gt, doc

from sparsebench import Block, ScoreBlocks, Sees, State
from sparsebench.search import ranges
from sparsebench.workers import in_torch_threads
from sparsebench_plugins.postprocessors import _compiled
from sparsebench_plugins.postprocessors._fitting import Fitting, complete, enough, places_of, undivided
from sparsebench_plugins.postprocessors._on_device import why_no_sums
from sparsebench_plugins.postprocessors._pool import Pool, pool_of
from sparsebench_plugins.postprocessors._row_sums import RowSums, chunk_lse
from sparsebench_plugins.postprocessors._shares import Largest, Shares, doubled, joined, merged

if TYPE_CHECKING:
    from torch import Tensor

Temperature = Annotated[float, Gt(0), doc("Temperature, in units of the scale.")]
PoolSize = Annotated[
    int,
    Ge(1),
    doc("Learn from this many best documents of each query alone, e.g. of a run file; all documents are ranked."),
]
Order = Literal["documents", "queries"]
T = TypeVar("T")

ROWS_AT_ONCE = 1024
"""Sums over queries are made of sums over so many: a part of the result's last digit, so it depends on nothing."""

PAIRS_AT_ONCE = 2**19
"""For sums over documents or queries. Measured: 2**18 to 2**20 are fastest."""

PAIRS_ELSEWHERE = 2**25
"""Fewer and larger steps for a GPU."""


class Kernel(Protocol):
    """L = S / tau of Q fitting queries and D documents."""

    @property
    def shape(self) -> tuple[int, int]:
        """Number of queries and documents, (Q, D)."""
        ...

    @property
    def places(self) -> Tensor:
        """Fitting query that each query of the given blocks is, -1 where it is none, int64."""
        ...

    def shares(self, lu: Tensor) -> Shares:
        """Compute the log shares of M_ij = L_ij + lu_i, lu (Q,) float64."""
        ...

    def round(self, lu: Tensor, potential: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
        """Do a round from lu (Q,): return lv = potential(LSE_i(L_ij + lu_i)) (D,), and LSE_j(L_ij + lv_j) (Q,)."""
        ...

    @property
    def pairs(self) -> Streamed | None:
        """All pairs, block by block; None where most of them are left out."""
        ...


def kernel_of(blocks: ScoreBlocks, *, tau: float, sees: Sees, pool: int | None = None, passes: int = 1) -> Kernel:
    """The kernel of all pairs, or of the `pool` best documents of each query (METHODS 3.8).

    passes: how often it will be read. Raises ScoreError where there are too few queries to learn from.
    """
    return enough(Streamed.of(blocks, tau, passes) if pool is None else Pooled(pool_of(blocks, pool), tau), sees)


def fitted_rows(kernel: Kernel, lu: Tensor) -> dict[str, Tensor]:
    """Return lu (Q,) of each query of the given blocks and the fitting query it is, for the rows of a State."""
    places = kernel.places.to(lu.device)
    own = lu[places.clamp(min=0)] if len(lu) else lu.new_zeros(len(places))
    return {"lu": own.masked_fill(places < 0, 0), "fitted": places}


def learnt(kernel: Kernel, lu: Tensor, tau: float, shares: Shares | None = None) -> State:
    """Return the state that a method that saw the queries needs for their log shares with the potentials lu (Q,), if
    not at hand.
    """
    shares = shares or kernel.shares(lu)
    rows = fitted_rows(kernel, lu.to(shares.lse.device))
    return State(shares.arrays(), rows=rows, error=tau * resolution(shares.lse, lu))


def resolution(*terms: Tensor) -> float:
    """Bound the error in float64 of a difference of numbers as large as these, after the few sums that it takes."""
    return 16 * 2.0**-53 * max(float(term.abs().max()) if term.numel() else 0.0 for term in terms)


def zeros(kernel: Kernel) -> Tensor:
    """Return lu (Q,) before any round."""
    import torch

    return torch.zeros(kernel.shape[0], dtype=torch.float64)


@dataclass(frozen=True, eq=False)
class Streamed:
    """Kernel of all pairs, block by block: memory O(Q * block + D), one pass a round.

    passes: how often they will be read, by which compiled loops pay. The width of the blocks changes no digit of a
    potential. Raises ScoreError where a document is unseen.
    """

    blocks: Fitting
    tau: float
    passes: int = 1

    @classmethod
    def of(cls, blocks: Fitting, tau: float, passes: int = 1) -> Streamed:
        """Make the kernel of scores, with a scale that divides them in tau: it costs no pass of its own then."""
        raw, scale = undivided(blocks)
        return cls(raw, tau * scale, passes)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of queries and documents, (Q, D)."""
        return self.blocks.shape

    @property
    def places(self) -> Tensor:
        """All of them, unless some were left out."""
        return places_of(self.blocks)

    @property
    def floor(self) -> float:
        """A document with a score above it counts as retrieved; -inf where the blocks do not say."""
        return float(getattr(self.blocks, "floor", -math.inf))

    def shares(self, lu: Tensor) -> Shares:
        """One pass."""
        return joined([self.largest(block, lu).shares() for block in self.blocks])

    def round(self, lu: Tensor, potential: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
        """One pass."""
        import torch

        lvs, sums = [], RowSums(self._chunk)
        for block in self.blocks:
            lv = potential(self.largest(block, lu).shares().lse)
            self._add_rows(block, lv, sums)
            lvs.append(lv)
        return torch.cat(lvs), sums.total()

    @property
    def pairs(self) -> Streamed:
        """Itself."""
        return self

    def largest(self, block: Block, lu: Tensor) -> Largest:
        """Find the largest term of each of a block's documents, among all queries."""
        scores = block.scores
        if scores.numel() and scores.amin() == -math.inf:
            complete(block)  # says where
        if _compiled.pays(scores, *self.shape, self.passes):
            return _compiled.largest(scores, self.tau, lu)
        weights, inverse = lu.to(scores.device), 1 / self.tau
        if _by_kernel(scores):
            from sparsebench_plugins.postprocessors._lse_kernel import largest

            return largest(scores, self.tau, weights)

        def of_tile(rows: slice, columns: slice) -> Largest:
            # Turned over: torch adds up a row in one order, and columns by how many there are.
            turned = doubled(scores[rows, columns].T).mul_(inverse).add_(weights[rows])
            top, owner = _first_largest(turned)
            rest = _consumed_lse(turned.scatter_(1, owner[:, None], -math.inf))
            return Largest(top, owner + rows.start, rest)

        def of_columns(columns: slice) -> Largest:
            return merged([of_tile(rows, columns) for rows in ranges(scores.shape[0], ROWS_AT_ONCE)])

        import torch

        parts = several(of_columns, ranges(scores.shape[1], at_once(scores) // ROWS_AT_ONCE), scores)
        return Largest(*map(torch.cat, zip(*parts, strict=True)))

    def _chunk(self, terms: Tensor) -> Tensor:
        """Sum chunks of documents that no block cuts as `_add_rows` does."""
        if not _by_kernel(terms):
            return chunk_lse(terms)
        from sparsebench_plugins.postprocessors._lse_kernel import chunk_of_terms

        return chunk_of_terms(terms)

    def _add_rows(self, block: Block, lv: Tensor, sums: RowSums) -> None:
        """L_ij + lv_j, (Q, d), to sums over documents."""
        import torch

        inverse, kernel = 1 / self.tau, _by_kernel(block.scores)

        def terms(columns: slice, rows: slice = slice(None)) -> Tensor:
            return doubled(block.scores[rows, columns]).mul_(inverse).add_(lv[columns])

        def lse(columns: slice) -> Tensor:
            if kernel:
                from sparsebench_plugins.postprocessors._lse_kernel import chunk_sums

                return chunk_sums(block.scores, self.tau, lv, columns)
            parts = of_few_rows(lambda rows: chunk_lse(terms(columns, rows)), block.scores, PAIRS_AT_ONCE)
            return torch.cat(parts)

        sums.add(block.scores.shape[1], terms, lse)


@dataclass(frozen=True, eq=False)
class Pooled:
    """The pairs of a pool; all others have their query's floor."""

    pool: Pool
    tau: float

    @property
    def shape(self) -> tuple[int, int]:
        """Number of queries and documents, (Q, D)."""
        return self.pool.shape

    @property
    def places(self) -> Tensor:
        """Those that have any score."""
        return self.pool.places

    def shares(self, lu: Tensor) -> Shares:
        """Over all queries, by their score or their floor."""
        return self.pool.shares(lu, self.tau)

    def round(self, lu: Tensor, potential: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
        """Two sums over the pairs of the pool."""
        lv = potential(self.pool.shares(lu, self.tau).lse)
        return lv, self.pool.query_lse(lv, self.tau)

    @property
    def pairs(self) -> None:
        """No pairs: a pool lacks most of them."""
        return None


def _by_kernel(scores: Tensor) -> bool:
    return scores.device.type != "cpu" and why_no_sums(str(scores.device)) is None


def _first_largest(terms: Tensor) -> tuple[Tensor, Tensor]:
    """The largest of each row of (d, Q) and the first place of it, (d,) each: `terms.max(dim=1)`.

    On a CPU numpy finds the place: torch looks one number at a time.
    """
    import torch

    if terms.device.type != "cpu":
        return terms.max(dim=1)
    owner = torch.from_numpy(terms.numpy().argmax(axis=1))
    return terms.gather(1, owner[:, None])[:, 0], owner


def _consumed_lse(terms: Tensor) -> Tensor:
    """`terms.logsumexp(dim=1)` of (d, Q), to the byte; the terms are overwritten, which takes no new memory."""
    largest = terms.amax(dim=1, keepdim=True)
    largest.masked_fill_(largest.isinf(), 0)
    return terms.sub_(largest).exp_().sum(dim=1).log_().add_(largest[:, 0])


def of_few_rows(function: Callable[[slice], T], scores: Tensor, pairs: int) -> list[T]:
    """Apply `function` to the rows of scores (Q, d), about so many pairs at a time."""
    pairs = pairs if scores.device.type == "cpu" else PAIRS_ELSEWHERE
    return several(function, ranges(scores.shape[0], max(1, pairs // scores.shape[1])), scores)


def at_once(scores: Tensor) -> int:
    """Return how many pairs at a time: on a CPU what is made of them stays in the cache."""
    return PAIRS_AT_ONCE if scores.device.type == "cpu" else PAIRS_ELSEWHERE


def several(function: Callable[[slice], T], parts: Iterable[slice], scores: Tensor) -> list[T]:
    """Apply `function` to the parts of scores, on a CPU several at a time."""
    return in_torch_threads(function, parts) if scores.device.type == "cpu" else list(map(function, parts))
