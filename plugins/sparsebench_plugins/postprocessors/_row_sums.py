"""Log-sum-exp over all documents, to the same last digit in whatever blocks they come."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

CHUNK = 256
"""Documents that are summed up together, counted from the first of all: a part of the result's last digit."""

CHUNKS = 32
"""So many sums are summed up together."""


class RowSums:
    """LSE_j of terms (Q, D) that come in blocks (Q, d), D in order: what a block cuts waits for the next.

    whole: sums such a chunk, (Q, n) -> (Q, 1), as the blocks' own chunks are summed; `chunk_lse` if not given.

    Example: `sums = RowSums(); sums.add(4, lambda at: terms[:, at], lambda at: chunk_lse(terms[:, at])); sums.total()`.
    """

    def __init__(self, whole: Callable[[Tensor], Tensor] | None = None) -> None:
        self._whole = whole or chunk_lse
        self._open: Tensor | None = None
        self._sums: list[Tensor] = []
        self._total: Tensor | None = None

    def add(self, width: int, terms: Callable[[slice], Tensor], lse: Callable[[slice], Tensor]) -> None:
        """Take in a block of `width` documents.

        terms: (Q, n) float64 of some of its columns. lse: (Q, n / CHUNK), of each CHUNK of columns.
        """
        import torch

        begun = 0 if self._open is None else self._open.shape[1]
        first = min(-begun % CHUNK, width)
        last = first + (width - first) // CHUNK * CHUNK
        if first:
            head = terms(slice(0, first))
            self._open = head if self._open is None else torch.cat([self._open, head], dim=1)
            self._close(CHUNK)
        if last > first:
            self._take(lse(slice(first, last)))
        if last < width:
            self._open = terms(slice(last, width))

    def total(self) -> Tensor:
        """LSE (Q,) of all that came."""
        self._close(1)
        self._fold(len(self._sums))
        assert self._total is not None, "there is a document"
        return self._total

    def _close(self, least: int) -> None:
        if self._open is not None and self._open.shape[1] >= least:
            self._take(self._whole(self._open))
            self._open = None

    def _take(self, sums: Tensor) -> None:
        self._sums += sums.unbind(dim=1)
        while len(self._sums) >= CHUNKS:
            self._fold(CHUNKS)

    def _fold(self, count: int) -> None:
        import torch

        if count:
            lse = torch.stack(self._sums[:count], dim=1).logsumexp(dim=1)
            self._total = lse if self._total is None else self._total.logaddexp(lse)
            del self._sums[:count]


def chunk_lse(terms: Tensor) -> Tensor:
    """Sum (Q, n) float64 by chunks to (Q, n / CHUNK), n rounded up: what is missing of the last chunk adds nothing."""
    import torch

    terms = torch.nn.functional.pad(terms, (0, -terms.shape[1] % CHUNK), value=-math.inf)
    return terms.reshape(len(terms), -1, CHUNK).logsumexp(dim=2)
