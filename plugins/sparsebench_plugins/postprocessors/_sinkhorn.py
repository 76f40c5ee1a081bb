"""Sinkhorn's potentials (METHODS 3.3), the fastest way that decides as exact arithmetic would (METHODS 3.8a)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from sparsebench import Sees
from sparsebench_plugins.postprocessors import _compiled, _on_device, _sinkhorn_fused
from sparsebench_plugins.postprocessors._potentials import Kernel, Order, Streamed, zeros
from sparsebench_plugins.postprocessors._shares import Shares, joined

if TYPE_CHECKING:
    from torch import Tensor

Potential = Callable[["Tensor"], "Tensor"]

FEW = 2**22
"""Up to so many pairs all is in float64: float32 saves milliseconds, and may exchange documents below the first."""


class Found(NamedTuple):
    """Potentials found: lu (Q,) float64 before the last normalisation of documents; that one, if at hand; and the way,
    for the record.
    """

    lu: Tensor
    shares: Shares | None
    path: str


def query_potentials(kernel: Kernel, sees: Sees, *, iterations: int, order: Order, document_marginal: float) -> Found:
    """The potentials of queries that the last of `iterations` rounds of Sinkhorn normalises documents with.

    The document potentials are then lv_j = document_marginal * (-log D - LSE_i(L_ij + lu_i)), and with lu at hand they
    need not be formed: METHODS 3.8a. iterations >= 1. 0 <= document_marginal <= 1: 1 is balanced.
    """
    import torch

    queries, documents = kernel.shape
    log_a, log_b = -math.log(queries), -math.log(documents)
    lu, rounds = zeros(kernel), iterations - 1
    if order == "queries":
        # A round that leaves lv at 0 is all that starting with the rows means.
        lu = log_a - kernel.round(lu, torch.zeros_like)[1]

    def potential(lse: Tensor) -> Tensor:
        return document_marginal * (log_b - lse)

    pairs = kernel.pairs
    first = None if pairs is None else next(iter(pairs.blocks), None)
    device = "cpu" if first is None else str(first.scores.device)
    if pairs is not None and rounds and device != "cpu" and document_marginal == 1:
        multiplied = _on_device.multiplied(pairs.blocks, pairs.tau, lu, rounds)
        if multiplied is not None:
            return Found(multiplied, None, "float64 products (torch, on the device)")
    if pairs is not None and first is not None and _in_memory(pairs, rounds, first.scores):
        found = _multiplied(pairs, lu, rounds, sees) if document_marginal == 1 else None
        found = found or _in_log_domain(pairs, lu, rounds, potential)
        if found:
            return found
    for _ in range(rounds):
        lu = log_a - kernel.round(lu, potential)[1]
    return Found(lu, None, f"float64, log domain ({_on_device.sums_by(device)})")


def _in_memory(kernel: Streamed, rounds: int, first: Tensor) -> bool:
    """Return whether compiled rounds pay, and every pair has a score. first: scores of a block."""
    pays = rounds and _compiled.pays(first, *kernel.shape, kernel.passes)
    return bool(pays) and all(block.scores.amin() > -math.inf for block in kernel.blocks)


def _multiplied(kernel: Streamed, lu: Tensor, rounds: int, sees: Sees) -> Found | None:
    """Compute potentials by products, in float32 where these decide the first place of every query that is fitted; None
    if none will do. What a bank comes to serves queries that nobody has seen yet, so there float32 decides nothing.

    What a bank comes to serves queries that nobody has seen yet, so there float32 decides nothing.
    """
    queries, documents = kernel.shape
    if sees == "batch" and queries * documents > FEW and _sinkhorn_fused.fits(queries, documents):
        found = _sinkhorn_fused.multiplied(kernel, lu, rounds, "float32")
        error = _sinkhorn_fused.error(rounds, "float32")
        shares = None if found is None else deciding_shares(kernel, found, 2 * error)
        if found is not None and shares is not None:
            return Found(found, shares, f"float32 products, off by {error:.1g} at most, first places decided (numba)")
    if not _sinkhorn_fused.fits(queries, documents, 8):
        return None
    found = _sinkhorn_fused.multiplied(kernel, lu, rounds, "float64")
    return None if found is None else Found(found, None, "float64 products (numba)")


def _in_log_domain(kernel: Streamed, lu: Tensor, rounds: int, potential: Potential) -> Found | None:
    width = next(iter(kernel.blocks)).scores.element_size()
    if not _sinkhorn_fused.fits(*kernel.shape, width):
        return None
    scores = _sinkhorn_fused.in_one_piece(kernel)
    return Found(
        _sinkhorn_fused.in_log_domain(scores, kernel.tau, lu, rounds, potential), None, "float64, log domain (numba)"
    )


def deciding_shares(kernel: Streamed, lu: Tensor, bound: float) -> Shares | None:
    """The shares of all documents, if they tell the first place of every query, among all documents and among those
    with a score above the floor: its key is more than the bound above every other, or equal to it.
    """
    places = [_compiled.FirstPlaces(kernel.shape[0], floor) for floor in {-math.inf, kernel.floor}]
    parts = []
    for block in kernel.blocks:
        part = kernel.largest(block, lu).shares()
        for place in places:
            place.add(block.scores, kernel.tau, lu, part)
        parts.append(part)
    if not all(place.decided(bound) for place in places):
        return None
    return joined(parts)
