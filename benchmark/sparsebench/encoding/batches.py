"""Batches of texts of near-equal length, one to each core; a batch that does not fit in memory is halved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from sparsebench.device import does_not_fit
from sparsebench.errors import ModelError
from sparsebench.workers import in_torch_threads

if TYPE_CHECKING:
    from scipy.sparse import csr_array

T = TypeVar("T")
Encode = Callable[[np.ndarray], "csr_array"]
"""Positions (n,) of texts -> their vectors (n, V)."""


def token_budget_batches(lengths: np.ndarray, budget: int, most: int | None = None) -> list[np.ndarray]:
    """Positions of N texts in batches of at most `budget` tokens, padding included, and `most` texts, or of one text.

    lengths: (N,) tokens of each text; a text without tokens is in no batch. The longest come first, so that what does
    not fit in memory shows at once; equal lengths keep their order.
    """
    order = np.argsort(-lengths, kind="stable")
    order = order[lengths[order] > 0]
    batches, start = [], 0
    while start < len(order):
        size = max(1, min(budget // int(lengths[order[start]]), most or len(order)))
        batches.append(order[start : start + size])
        start += size
    return batches


def encode_in_batches(
    encode: Encode, lengths: np.ndarray, *, budget: int, size: int, parallel: bool = False
) -> csr_array:
    """Vectors (N, V) of N texts in their own order; a text without tokens has no active dimension.

    lengths: (N,) tokens. budget: see `token_budget_batches`. size: V. parallel: several batches at once, in threads;
    which they are does not depend on how many, so neither do the vectors. Raises ModelError for a text that does not
    fit in memory by itself.
    """
    fitting = _Fitting(encode, lengths)
    batches = token_budget_batches(lengths, budget)
    found = in_torch_threads(fitting.encode, batches) if parallel else list(map(fitting.encode, batches))
    return fitting.joined(batches, found, size)


class Launched(Protocol):
    """A batch that a device is at work on."""

    def settle(self) -> None:
        """Wait for what the device has to say before it can send the vectors, and have them sent."""

    def take(self) -> csr_array:
        """Wait for the vectors (n, V)."""


def encode_on_device(
    launch: Callable[[np.ndarray], Launched], lengths: np.ndarray, *, budget: int, most: int, size: int
) -> csr_array:
    """Encode in batches, as `encode_in_batches`; the host takes one batch while the device computes the next.

    launch: positions (n,) of texts -> the batch, without a wait. most: texts at once.
    """

    def alone(positions: np.ndarray) -> csr_array:
        batch = launch(positions)
        batch.settle()
        return batch.take()

    fitting = _Fitting(alone, lengths)
    batches = token_budget_batches(lengths, budget, most)
    found: list[csr_array | None] = []
    before: Launched | None = None
    for batch in batches:
        started = fitting.guarded(launch, batch)
        if before:
            found[-1] = before.take()
        before = started if started and fitting.guarded(_settled, batch, started) else None
        found.append(None)
    if before:
        found[-1] = before.take()
    return fitting.joined(batches, found, size)


def _settled(_: np.ndarray, started: Launched) -> bool:
    started.settle()
    return True


class _Fitting:
    """Encodes what fits in memory. What did not fit once is not tried again, nor what is as large."""

    def __init__(self, encode: Encode, lengths: np.ndarray) -> None:
        self._encode = encode
        self._lengths = lengths
        self._too_many = np.inf

    def encode(self, batch: np.ndarray) -> csr_array | None:
        """Encode a batch; None for one that does not fit, and what the failed attempt held is then free."""
        return self.guarded(self._encode, batch)

    def guarded(self, step: Callable[..., T], batch: np.ndarray, *more: object) -> T | None:
        """Return the result of a step on a batch; None for a batch that does not fit in memory."""
        tokens = self._tokens(batch)
        found = _try(step, batch, *more) if tokens < self._too_many or len(batch) == 1 else None
        if found is None:
            self._too_many = min(self._too_many, tokens)
        return found

    def joined(self, batches: Sequence[np.ndarray], found: Sequence[csr_array | None], size: int) -> csr_array:
        """Vectors (N, V) of all texts in their own order; batches that did not fit are encoded by halves."""
        from scipy.sparse import csr_array, vstack

        done: list[tuple[np.ndarray, csr_array]] = []
        for batch, vectors in zip(batches, found, strict=True):
            done += [(batch, vectors)] if vectors is not None else self.by_halves(batch)
        nothing = csr_array((1, size), dtype=np.float32)
        encoded = np.concatenate([np.empty(0, np.int64), *(positions for positions, _ in done)])
        row_of = np.full(len(self._lengths), len(encoded))
        row_of[encoded] = np.arange(len(encoded))
        return vstack([*(vectors for _, vectors in done), nothing], format="csr")[row_of]

    def by_halves(self, batch: np.ndarray) -> Iterator[tuple[np.ndarray, csr_array]]:
        """The parts that fit of a batch that did not, while no other is at work."""
        middle = len(batch) // 2
        for half in filter(len, (batch[:middle], batch[middle:])):
            vectors = self.encode(half)
            if vectors is not None:
                yield half, vectors
            elif len(half) > 1:
                yield from self.by_halves(half)
            else:
                raise ModelError(
                    f"a text of {self._tokens(half)} tokens does not fit in memory by itself; lower the maximum "
                    "length, free memory, or use another device"
                )

    def _tokens(self, batch: np.ndarray) -> int:
        return len(batch) * int(self._lengths[batch].max())


def _try(step: Callable[..., T], *given: object) -> T | None:
    try:
        return step(*given)
    except (MemoryError, RuntimeError) as error:
        if not does_not_fit(error):
            raise
        return None
