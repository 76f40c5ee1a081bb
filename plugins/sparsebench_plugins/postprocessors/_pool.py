"""The candidate pool of METHODS 3.8: the best documents of each fitting query, and a floor for all other pairs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsebench import Block, ScoreBlocks
from sparsebench_plugins.postprocessors._fitting import places_of
from sparsebench_plugins.postprocessors._neighbours import kth_best
from sparsebench_plugins.postprocessors._shares import Shares

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Pool:
    """Pool of n scored pairs of Q queries and D documents; every other pair of query i scores floors[i].

    rows, documents: (n,) int64, by row, then document. scores: (n,) float64. floors: (Q,) float64, each at most the
    scores of its row. places: which of the Q each query of the given blocks is, -1 where it has no score at all, int64.
    """

    shape: tuple[int, int]
    rows: np.ndarray
    documents: np.ndarray
    scores: np.ndarray
    floors: np.ndarray
    places: Tensor

    def shares(self, lu: Tensor, tau: float) -> Shares:
        """Compute the log shares of M_ij = S_ij / tau + lu_i over all Q queries."""
        weights, documents = lu.cpu().numpy(), self.shape[1]
        floors, terms = self.floors * (1 / tau) + weights, self.scores * (1 / tau) + weights[self.rows]
        left_out = LeftOut.of(floors, self.rows, self.documents, documents)
        tops, owners = segment_tops(terms, self.rows, self.documents, documents)
        stored = tops >= left_out.highest
        owner, top = np.where(stored, owners, left_out.item), np.where(stored, tops, left_out.highest)
        # Without the owner: its pair is not among the stored ones, and its floor not among the floors.
        own = self.rows == owner[self.documents]
        others = segment_lse(np.where(own, -np.inf, terms), self.documents, documents)
        some = np.flatnonzero(~stored)
        rows, at = np.append(self.rows, owner[some]), np.append(self.documents, some)
        rest = np.logaddexp(others, LeftOut.of(floors, rows, at, documents).lse)
        found = np.logaddexp(top, rest), owner, top - rest, top
        return Shares(*map(self._tensor, found))

    def query_lse(self, lv: Tensor, tau: float) -> Tensor:
        """LSE_j(S_ij / tau + lv_j) over all D documents, (Q,)."""
        weights, queries = lv.cpu().numpy(), self.shape[0]
        stored = segment_lse(self.scores * (1 / tau) + weights[self.documents], self.rows, queries)
        left_out = LeftOut.of(weights, self.documents, self.rows, queries).lse
        return self._tensor(np.logaddexp(stored, left_out + self.floors * (1 / tau)))

    def _tensor(self, values: np.ndarray) -> Tensor:
        import torch

        return torch.from_numpy(values).to(self.places.device)


@dataclass(frozen=True, eq=False)
class LeftOut:
    """Left-out values of s segments, over all items that are not in each: the highest value, its item, and LSE.

    Where all items are in it: -inf, -1 and -inf.
    """

    highest: np.ndarray
    item: np.ndarray
    lse: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, items: np.ndarray, segments: np.ndarray, count: int) -> LeftOut:
        """Compute them from values (m,) of all items.

        items, segments: (n,) which item is in which segment, each pair once.

        What is in a segment is subtracted from the sum over all, but for its highest values that are the highest of
        all: of these the sum over all is not taken, so that the largest term of it is never one that is subtracted.
        """
        best_first = np.argsort(-values, kind="stable")
        tails = np.append(np.logaddexp.accumulate(values[best_first][::-1])[::-1], -np.inf)
        ranks = np.empty(len(values), dtype=np.int64)
        ranks[best_first] = np.arange(len(values))
        order = np.lexsort((ranks[items], segments))
        inside, at = ranks[items][order], segments[order]
        nth = np.arange(len(at)) - np.searchsorted(at, at)
        leading = inside == nth
        skipped = np.bincount(at[leading], minlength=count)
        totals = tails[skipped]
        found = segment_lse(np.where(leading, -np.inf, values[best_first][inside]), at, count)
        with np.errstate(invalid="ignore", divide="ignore"):  # where all items are inside
            lse = np.where(totals > -np.inf, totals + np.log1p(-np.exp(np.minimum(found - totals, 0))), -np.inf)
        return cls(np.append(values[best_first], -np.inf)[skipped], np.append(best_first, -1)[skipped], lse)


def segment_tops(
    values: np.ndarray, items: np.ndarray, segments: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """The highest value of each segment and the item that has it, the first of equals: -inf and -1 of an empty one."""
    tops, owners = np.full(count, -np.inf), np.full(count, -1)
    order = np.lexsort((-items, values, segments))
    last = np.flatnonzero(np.diff(segments[order], append=-1))
    at = order[last]
    tops[segments[at]], owners[segments[at]] = values[at], items[at]
    return tops, owners


def segment_lse(values: np.ndarray, segments: np.ndarray, count: int) -> np.ndarray:
    """Compute logsumexp of the values (n,) of each of `count` segments, -inf for an empty one; summed in the order
    given.
    """
    peaks = np.full(count, -np.inf)
    np.maximum.at(peaks, segments, values)
    base = np.where(np.isinf(peaks), 0, peaks)
    with np.errstate(divide="ignore"):
        found: np.ndarray = base + np.log(np.bincount(segments, np.exp(values - base[segments]), count))
    return found


def pool_of(blocks: ScoreBlocks, size: int) -> Pool:
    """Read the `size` >= 1 best documents of each query in two passes; more where they tie at the cut, so that neither
    the order of documents nor the width of blocks decides.

    The floor of a query is that of its source (0 for sparse vectors). A source without one gives the mean of the
    scores left out, where every document has a score; where it has not (a run), the lowest score there is, which is
    more than any unseen document has. Queries without any score say nothing and are left out.
    """
    least = kth_best(blocks, size)
    parts = [_split(block, least, blocks.floor) for block in blocks]
    rows, documents, scores = (np.concatenate([getattr(part, name) for part in parts]) for name in _PAIRS)
    floors = _floors(parts) if blocks.floor == -math.inf else np.full(blocks.shape[0], blocks.floor)
    known = np.isfinite(floors)
    numbers = np.where(known, np.cumsum(known) - 1, -1)
    rows = numbers[rows]
    order = np.lexsort((documents, rows))
    shape = int(known.sum()), blocks.shape[1]
    return Pool(shape, rows[order], documents[order], scores[order], floors[known], _places(blocks, numbers, least))


def _places(blocks: ScoreBlocks, numbers: np.ndarray, least: Tensor) -> Tensor:
    """Return each query's number (Q,) in the pool, -1 for none, on the device of `least`."""
    import torch

    places = places_of(blocks)
    found = torch.from_numpy(numbers)[places.clamp(min=0)] if len(numbers) else places
    return found.masked_fill(places < 0, -1).to(least.device)


_PAIRS = ("rows", "documents", "scores")


@dataclass(frozen=True, eq=False)
class _Part:
    """A block's pairs in the pool, (n,) each; of each query, how many are not, their sum, and the lowest score."""

    rows: np.ndarray
    documents: np.ndarray
    scores: np.ndarray
    others: np.ndarray
    total: np.ndarray
    lowest: np.ndarray


def _split(block: Block, least: Tensor, floor: float) -> _Part:
    """Pairs at or above `least` (Q,) and above the floor, and what is left. An unseen pair makes the sum -inf."""
    scores = block.scores.double()
    kept = (scores >= least[:, None]) & (scores > floor)
    rows, places = kept.nonzero(as_tuple=True)
    return _Part(
        rows=rows.cpu().numpy(),
        documents=places.cpu().numpy() + block.columns.start,
        scores=scores[rows, places].cpu().numpy(),
        others=(~kept).sum(dim=1).cpu().numpy(),
        total=scores.masked_fill(kept, 0).sum(dim=1).cpu().numpy(),
        lowest=scores.masked_fill(scores == -math.inf, math.inf).amin(dim=1).cpu().numpy(),
    )


def _floors(parts: Sequence[_Part]) -> np.ndarray:
    """The mean of a query's scores left out; where one is unseen, or none left out, its lowest: inf without any."""
    others, total = (np.sum([getattr(part, name) for part in parts], axis=0) for name in ("others", "total"))
    lowest: np.ndarray = np.min([part.lowest for part in parts], axis=0)
    mean = np.divide(total, others, out=lowest.copy(), where=others > 0)
    return np.where(np.isinf(mean), lowest, mean)
