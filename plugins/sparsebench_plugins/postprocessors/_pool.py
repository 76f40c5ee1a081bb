"""The candidate pool of METHODS 3.8: the best documents of each fitting query, and a floor for all other pairs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsebench import Block, ScoreBlocks
from sparsebench_plugins.postprocessors._neighbours import kth_best

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Pool:
    """n scored pairs of Q queries and D documents; every other pair of query i scores floors[i].

    rows, documents: (n,) int64, by row, then document. scores: (n,) float64. floors: (Q,) float64, each at most the
    scores of its row. device: where potentials are wanted.
    """

    shape: tuple[int, int]
    rows: np.ndarray
    documents: np.ndarray
    scores: np.ndarray
    floors: np.ndarray
    device: str

    def document_lse(self, lu: Tensor, tau: float) -> Tensor:
        """LSE_i(S_ij / tau + lu_i) over all Q queries, (D,)."""
        weights = lu.cpu().numpy()
        floors = self.floors / tau + weights
        return self._tensor(
            with_floors(
                self.scores / tau + weights[self.rows],
                floors[self.rows],
                self.documents,
                np.full(self.shape[1], lse(floors)),
            )
        )

    def query_lse(self, lv: Tensor, tau: float) -> Tensor:
        """LSE_j(S_ij / tau + lv_j) over all D documents, (Q,)."""
        weights = lv.cpu().numpy()
        floors = self.floors / tau
        return self._tensor(
            with_floors(
                self.scores / tau + weights[self.documents],
                floors[self.rows] + weights[self.documents],
                self.rows,
                floors + lse(weights),
            )
        )

    def _tensor(self, values: np.ndarray) -> Tensor:
        import torch

        return torch.from_numpy(values).to(self.device)


def with_floors(pairs: np.ndarray, in_their_place: np.ndarray, segments: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """LSE by segment, where a pair that is not stored counts with its floor.

    pairs, in_their_place: (n,) what stored pairs add, and what they would add at the floor. segments: (n,) from 0 to
    s - 1. totals: (s,) LSE of each segment with every pair at the floor. The difference of the last two cancels
    harmlessly: a stored pair adds at least its floor, so the rounding error is small beside it.
    """
    stored = segment_lse(pairs, segments, len(totals))
    replaced = segment_lse(in_their_place, segments, len(totals))
    with np.errstate(divide="ignore"):  # log 0 where every pair of a segment is stored
        others = totals + np.log1p(-np.exp(np.minimum(replaced - totals, 0)))
    found: np.ndarray = np.logaddexp(stored, others)
    return found


def lse(values: np.ndarray) -> float:
    """logsumexp of finite values (n,), n >= 1."""
    peak = values.max()
    return float(peak + np.log(np.exp(values - peak).sum()))


def segment_lse(values: np.ndarray, segments: np.ndarray, count: int) -> np.ndarray:
    """logsumexp of the values (n,) of each of `count` segments, -inf for an empty one; summed in the order given."""
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
    rows = (np.cumsum(known) - 1)[rows]
    order = np.lexsort((documents, rows))
    shape = int(known.sum()), blocks.shape[1]
    return Pool(shape, rows[order], documents[order], scores[order], floors[known], str(least.device))


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
