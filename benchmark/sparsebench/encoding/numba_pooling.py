"""`pooling.pool` with compiled loops (needs numba): one pass over a block while it is cached."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.encoding.pooling import Activation, Pooling, activate, pooled_tokens
from sparsebench.encoding.sparse import beside

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from torch import Tensor

Entries = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Room for columns (N * b,), values (N * b,) and the number of entries of each text (N,)."""

LOGITS = 2**20
"""Four megabytes are read again from the third cache at worst, and narrower blocks are multiplied more slowly."""
LEAST = 128


def numba_pool(
    hidden: Tensor,
    lengths: np.ndarray,
    weight: Tensor,
    bias: Tensor | None,
    *,
    pooling: Pooling = "max",
    activation: Activation = "relu",
    block: int | None = None,
) -> csr_array:
    """Pool on a CPU, equal to `pool` within 1e-5. block: None for as many terms as the cache holds the logits of."""
    from sparsebench.encoding.pooling_kernel import pool_block

    hidden, lengths = pooled_tokens(hidden, lengths, pooling)
    ends, offset = np.cumsum(lengths), offsets(weight, bias)
    block = block or max(LEAST, LOGITS // len(hidden))

    def select(logits: Tensor, terms: slice, entries: Entries) -> int:
        found: int = pool_block(
            logits.numpy(), ends, offset[terms], pooling == "sum", activation == "log1p_relu", *entries
        )
        return found

    return pool_blocks(hidden, len(ends), weight, select, pooling=pooling, activation=activation, block=block)


def pool_blocks(
    hidden: Tensor,
    texts: int,
    weight: Tensor,
    select: Callable[[Tensor, slice, Entries], int],
    *,
    pooling: Pooling,
    activation: Activation,
    block: int,
    multiply: Callable[..., Tensor] | None = None,
) -> csr_array:
    """Decode hidden (T, h) with weight (V, h) block by block; `select` takes the logits (T, b) of a slice of the
    vocabulary, writes their entries and says how many there are: activated for `sum`, else the largest logits.
    multiply: makes the logits, torch.mm where it is None."""
    import torch

    multiply = multiply or torch.mm
    made = multiply(hidden[:1], weight[:1].T).dtype
    buffer = hidden.new_empty(len(hidden) * min(block, len(weight)), dtype=made)
    columns, values = np.empty(texts * block, np.int32), np.empty(texts * block, np.float32)
    blocks = []
    for start in range(0, len(weight), block):
        terms = slice(start, start + block)
        decoder = weight[terms].T  # (h, b)
        logits = multiply(hidden, decoder, out=buffer[: len(hidden) * decoder.shape[1]].view(len(hidden), -1))
        sizes = np.empty(texts, np.int64)
        found = select(logits, terms, (columns, values, sizes))
        blocks.append((columns[:found] + np.int32(start), values[:found].copy(), sizes))
    vectors = beside(blocks, len(weight))
    if pooling != "sum":
        activate(torch.from_numpy(vectors.data), activation)
    return vectors


def offsets(weight: Tensor, bias: Tensor | None) -> np.ndarray:
    """The bias (V,), zeros where there is none."""
    return np.zeros(len(weight), np.float32) if bias is None else bias.numpy()
