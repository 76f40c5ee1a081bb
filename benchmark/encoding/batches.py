"""Texts of near-equal length go together; a batch that does not fit in memory is halved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmark.errors import ModelError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "cublas_status_alloc_failed")


def token_budget_batches(lengths: np.ndarray, budget: int) -> list[np.ndarray]:
    """Positions of N texts in batches of at most `budget` tokens, padding included, or of one text.

    lengths: (N,) tokens of each text; a text without tokens is in no batch. The longest come first, so that what does
    not fit in memory shows at once; equal lengths keep their order.
    """
    order = np.argsort(-lengths, kind="stable")
    order = order[lengths[order] > 0]
    batches, start = [], 0
    while start < len(order):
        size = max(1, budget // int(lengths[order[start]]))
        batches.append(order[start : start + size])
        start += size
    return batches


def encode_in_batches(
    encode: Callable[[np.ndarray], csr_array], lengths: np.ndarray, *, budget: int, size: int
) -> csr_array:
    """Vectors (N, V) of N texts in their own order; a text without tokens has no active dimension.

    encode: positions (n,) of texts -> their vectors (n, V). lengths: (N,) tokens. budget: see `token_budget_batches`.
    size: V. Raises ModelError for a text that does not fit in memory by itself.
    """
    from scipy.sparse import csr_array, vstack

    done = list(_within_memory(encode, token_budget_batches(lengths, budget), lengths))
    nothing = csr_array((1, size), dtype=np.float32)
    encoded = np.concatenate([np.empty(0, np.int64), *(positions for positions, _ in done)])
    row_of = np.full(len(lengths), len(encoded))
    row_of[encoded] = np.arange(len(encoded))
    return vstack([*(vectors for _, vectors in done), nothing], format="csr")[row_of]


def _within_memory(
    encode: Callable[[np.ndarray], csr_array], batches: Sequence[np.ndarray], lengths: np.ndarray
) -> Iterator[tuple[np.ndarray, csr_array]]:
    """Batches, or the parts of them that fit, with their vectors. What did not fit once is not tried again."""
    pending = list(reversed(batches))
    too_many = np.inf
    while pending:
        batch = pending.pop()
        tokens = len(batch) * int(lengths[batch].max())
        vectors = _try(encode, batch) if tokens < too_many or len(batch) == 1 else None
        if vectors is not None:
            yield batch, vectors
            continue
        too_many = min(too_many, tokens)
        if len(batch) == 1:
            raise ModelError(
                f"a text of {tokens} tokens does not fit in memory by itself; lower the maximum length, free memory, "
                "or use another device"
            )
        middle = len(batch) // 2
        pending += [batch[middle:], batch[:middle]]


def _try(encode: Callable[[np.ndarray], csr_array], batch: np.ndarray) -> csr_array | None:
    """The vectors of a batch, None when memory ran out; what the failed attempt held is free on return."""
    try:
        return encode(batch)
    except MemoryError:
        return None
    except RuntimeError as error:  # torch.OutOfMemoryError is one; on a CPU there is only the message
        if not any(words in str(error).lower() for words in _NO_MEMORY):
            raise
        return None
