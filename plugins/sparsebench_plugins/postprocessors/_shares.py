"""Compute a query's share of a document among all fitting queries, to the last digit (METHODS 3.8a).

Of M_ij = S_ij / tau + lu_i, the share is exp(M_ij) / sum_i' exp(M_i'j), and methods that saw the query rank by its log,
M_ij - LSE_i' M_i'j. Where one query owns a document that is a difference of nearly equal numbers, about 0 for all it
owns; and those are the first of its ranking. With x = M_ij - LSE of all *other* queries it is -softplus(-x), so ranking
by x is the same and loses nothing. Only one query of a document can have x > 0: `fit` finds it and computes its x; for
all others the log share is at most -log 2, and the plain difference loses nothing either.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sparsebench import Block, State

if TYPE_CHECKING:
    from torch import Tensor

LOG_2 = math.log(2)


@dataclass(frozen=True, eq=False)
class Shares:
    """Sums over the fitting queries for each of D documents, on one device.

    lse: LSE_i M_ij, (D,) float64. owner: the query with the largest term, (D,) int64. margin: that term - LSE of all
    other queries, (D,) float64; inf where there is no other. top: the term itself, (D,) float64, where it may not be
    the query's score but a floor in its place.
    """

    lse: Tensor
    owner: Tensor
    margin: Tensor
    top: Tensor | None = None

    def arrays(self) -> Mapping[str, Tensor]:
        """Return the arrays for a State."""
        top = {} if self.top is None else {"top": self.top}
        return {"lse": self.lse, "owner": self.owner, "margin": self.margin, **top}


def joined(parts: Sequence[Shares]) -> Shares:
    """Join the documents of all parts, one after the other."""
    import torch

    return Shares(*(torch.cat([getattr(part, name) for part in parts]) for name in ("lse", "owner", "margin")))


class Largest(NamedTuple):
    """Largest terms of d documents among some queries: the term, its query, and LSE of all other terms, (d,) each."""

    top: Tensor
    owner: Tensor
    rest: Tensor

    def shares(self) -> Shares:
        """Compute the log shares of these queries alone."""
        # Not by logaddexp: torch rounds its last few numbers otherwise than the first, so the width would decide.
        return Shares(self.top + (self.rest - self.top).exp_().log1p_(), self.owner, self.top - self.rest)


def merged(parts: Sequence[Largest]) -> Largest:
    """Merge parts in the order of rows into the largest terms of all their queries; the first of equal terms is the
    largest.
    """
    import torch

    tops = torch.stack([part.top for part in parts], dim=1)
    top = tops.amax(dim=1)
    winner = (tops == top[:, None]).int().argmax(dim=1)[:, None]
    owner = torch.stack([part.owner for part in parts], dim=1).gather(1, winner)[:, 0]
    beaten = tops.scatter(1, winner, -math.inf)
    rest = torch.cat([torch.stack([part.rest for part in parts], dim=1), beaten], dim=1).logsumexp(dim=1)
    return Largest(top, owner, rest)


class Owned(NamedTuple):
    """Pairs (n,) of a block's rows and documents where the query is the document's owner, and their margins: -inf where
    the term that owns it is not the pair's own.
    """

    rows: Tensor
    places: Tensor
    margins: Tensor


def log_shares(block: Block, state: State, tau: float) -> tuple[Tensor, Owned]:
    """Log shares (q, d) float64 of the queries that were fitted, and which of them are owners.

    A query that was fitted by no row of its own (`fitted` is -1) has M_ij - LSE_i' M_i'j up to a constant of its row.
    """
    rows = slice(block.first_row, block.first_row + len(block.scores))
    shares = doubled(block.scores).mul_(1 / tau)
    shares.add_(state.rows["lu"][rows, None])
    owned, own = owned_shares(block, state)
    if "top" in state.arrays:
        above = shares[owned.rows, owned.places] - state.arrays["top"][block.columns][owned.places]
        own, owned = own + above, owned._replace(margins=owned.margins.masked_fill(above != 0, -math.inf))
    shares.sub_(state.arrays["lse"][block.columns])
    shares[owned.rows, owned.places] = own
    return shares, owned


def owned_shares(block: Block, state: State) -> tuple[Owned, Tensor]:
    """The owners in a block, and their log shares (n,) float64 if their own terms are what owns the documents."""
    rows = slice(block.first_row, block.first_row + len(block.scores))
    owned = _owned(state.rows["fitted"][rows], state.arrays["owner"][block.columns])
    margins = state.arrays["margin"][block.columns][owned[1]]
    return Owned(*owned, margins), -softplus(-margins)


def doubled(scores: Tensor) -> Tensor:
    """A contiguous copy in float64, to be written to: another one of this size would be new memory each time."""
    import torch

    return scores.to(torch.float64, copy=True, memory_format=torch.contiguous_format)


def leave_one_out(shares: Tensor, owned: Owned, *, floors: bool) -> Tensor:
    """Log shares (q, d), and x - log 2 in place of those of owners with x > 0: in the same order, and no ties at 0.

    floors: whether a pair's own term may be less than its score, so that a log share may be above -log 2, or 0, without
    an owner. Owners then have -log 2 / (1 + x), for what is above 0 comes first.
    """
    import torch

    above = owned.margins > 0
    x = owned.margins[above]
    if floors:
        between = (shares > -LOG_2) & (shares < 0)
        others = torch.expm1(-shares.clamp(-LOG_2, 0)).log_().neg_()
        shares = torch.where(between, -LOG_2 / (1 + others), shares)
    shares[owned.rows[above], owned.places[above]] = -LOG_2 / (1 + x) if floors else x - LOG_2
    return shares


def softplus(values: Tensor) -> Tensor:
    """Compute log(1 + exp(values)), as precise where it is next to nothing."""
    return values.clamp(min=0).add_(values.abs().neg_().exp_().log1p_())


def above_zero(key: Tensor) -> Tensor:
    """A monotone map of the reals to the numbers above 0 that keeps the relative precision of large keys, -inf to 0.

    1 / (1 - key) below 0, 1 + key from there up.
    """
    return key.clamp(max=0).neg_().add_(1).reciprocal_().add_(key.clamp(min=0))


def _owned(fitted: Tensor, owner: Tensor) -> tuple[Tensor, Tensor]:
    """Row and place of all pairs with fitted[row] == owner[place]; several rows may be fitted by the same one."""
    import torch

    in_order, rows = fitted.sort(stable=True)
    first = torch.searchsorted(in_order, owner)
    count = torch.searchsorted(in_order, owner, right=True).sub_(first)
    places = torch.arange(len(owner), device=owner.device).repeat_interleave(count)
    nth = torch.arange(len(places), device=owner.device) - (count.cumsum(0) - count)[places]
    return rows[first[places] + nth], places
