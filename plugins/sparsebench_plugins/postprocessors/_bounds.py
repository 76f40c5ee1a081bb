"""Float32 keys that methods rank by, and bounds of their errors: for devices slow in float64 (METHODS 3.8a).

Errors are first-order sums of roundings, counted at each function, with the rest of EACH to spare: that covers second
orders, the constants' own roundings, and what float64 itself is off.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sparsebench import Block, State
from sparsebench_plugins.postprocessors._shares import LOG_2, Owned, above_zero, owned_shares, softplus

if TYPE_CHECKING:
    from torch import Tensor

Bounds = tuple["Tensor", "Tensor"]
"""Keys (Q, d) float32 and their errors, (Q, d) or (Q, 1)."""

EACH = 16 * 2.0**-24
"""Of the largest number on the way, for each term."""

TINY = 1e-30
"""Smaller numbers may be flushed to 0 by a device, or be 0 in float32."""


def plain(scores: Tensor) -> Bounds:
    """Bound scores themselves: at most one rounding."""
    keys = scores.float()
    return keys, _largest(keys).mul_(EACH).add_(TINY)


def shifted(scores: Tensor, offsets: Tensor) -> Bounds:
    """Bound S + offset, (Q, d) and (d,): three roundings."""
    offsets = offsets.float()
    keys = scores.float()
    error = _largest(keys).add_(offsets.abs().amax()).mul_(EACH).add_(TINY)
    return keys + offsets, error


def less_sums(block: Block, tau: float, lse: Tensor, lu: Tensor | None = None) -> Bounds:
    """Bound S / tau + lu - lse, lu (Q,) and lse (d,): six roundings of the first term, three of the others."""
    # Not in place: the scores may be float32 already, and belong to others.
    keys = block.scores.float() * (1 / tau)
    error = _largest(keys).add_(lse.abs().amax().float())
    if lu is not None:
        keys.add_(lu.float()[:, None])
        error.add_(lu.abs().float()[:, None])
    return keys.sub_(lse.float()), error.mul_(EACH).add_(TINY)


def log_shares_less_one(block: Block, state: State, tau: float) -> Bounds:
    """Bound `leave_one_out` of log shares, for fitting queries without floors."""
    owned, own = owned_shares(block, state)
    own = own.where(owned.margins <= 0, owned.margins - LOG_2)
    return _owners(less_sums(block, tau, state.arrays["lse"][block.columns], _lu(block, state)), owned, own)


def log_shares(block: Block, state: State, tau: float) -> Bounds:
    """Bound log shares, for fitting queries without floors."""
    owned, own = owned_shares(block, state)
    return _owners(less_sums(block, tau, state.arrays["lse"][block.columns], _lu(block, state)), owned, own)


def soft_minus(bounds: Bounds) -> Bounds:
    """Bound -log(1 + exp(-x)), given those of x: it rises by no more than x does."""
    x, error = bounds
    keys = softplus(-x).neg_()
    return keys, _largest(keys).add_(1).mul_(EACH).add_(error)


def times_score(scores: Tensor, shares: Bounds) -> Bounds:
    """Bound S * share by `above_zero` of log|S| + log share with the sign of S, given bounds of log shares."""
    single, (keys, error) = scores.float(), shares
    logs = single.abs().log_()
    keys, error = keys + logs, logs.abs_().add_(1).mul_(EACH).add_(error)
    high, low = above_zero(keys + error), above_zero(keys - error)
    middle = (high + low).mul_(0.5)
    spread = high.sub_(low).mul_(0.5).add_(middle, alpha=EACH)
    # Of what is nearly 0 float32 knows nothing, and 0 itself stays 0.
    spread.masked_fill_(single.abs() < TINY, math.inf)
    middle.masked_fill_(single.abs() < TINY, 0).mul_(single.sign())
    return middle, spread.masked_fill_(scores == 0, 0)


def _lu(block: Block, state: State) -> Tensor:
    return state.rows["lu"][block.first_row : block.first_row + len(block.scores)]


def _largest(keys: Tensor) -> Tensor:
    """Return the largest absolute key of each row, (Q, 1)."""
    return keys.abs().amax(dim=1, keepdim=True)


def _owners(bounds: Bounds, owned: Owned, own: Tensor) -> Bounds:
    """Put the keys of the owners in their places."""
    keys, error = bounds
    keys[owned.rows, owned.places] = own.float()
    largest = error.new_zeros(len(error)).scatter_reduce_(0, owned.rows, own.abs().float(), "amax")
    return keys, error.add_(largest[:, None], alpha=EACH)
