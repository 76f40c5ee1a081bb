"""Pool hidden states to sparse vectors (METHODS 1), without ever holding the logits of the whole vocabulary.

The (T, V) logits of a masked language model are what limits every encoder that writes them: memory traffic, not
arithmetic. Here the decoder runs over blocks of the vocabulary into one buffer that stays in the cache; ln(1 + relu(.))
is monotone, so the maximum comes first and the rest is done on the few maxima that are positive; and each block turns
sparse at once. Memory is O(T * block + active entries), whatever V.

This is the reference, on any device. Faster ways to the same vectors: `numba_pooling`, `exact_bf16`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import TYPE_CHECKING, Literal

import numpy as np

from sparsebench.encoding.sparse import csr
from sparsebench.errors import ModelError

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from torch import Tensor

Pooling = Literal["max", "sum", "cls"]
Activation = Literal["relu", "log1p_relu"]
"""As sentence-transformers names them: `relu` is SPLADE's ln(1 + relu(l)), `log1p_relu` is ln(1 + ln(1 + relu(l)))."""

BLOCK = 1024


def pool(
    hidden: Tensor,
    lengths: np.ndarray,
    weight: Tensor,
    bias: Tensor | None,
    *,
    pooling: Pooling = "max",
    activation: Activation = "relu",
    block: int = BLOCK,
) -> csr_array:
    """Vectors (N, V) float32 of N texts: sorted indices, only positive entries.

    hidden: (T, h) inputs of the decoder for the real tokens alone, text after text. lengths: (N,) tokens of each text,
    >= 1, T in all; fast when equal lengths are neighbours. weight (V, h), bias (V,): the decoder, whose logits are
    hidden @ weight.T + bias. block: terms decoded at once. Raises ModelError for hidden states that are not finite.
    """
    import torch
    from scipy.sparse import hstack

    hidden, lengths = pooled_tokens(hidden, lengths, pooling)
    runs = [(len(list(equal)), length) for length, equal in groupby(lengths.tolist())]
    buffer = hidden.new_empty(len(hidden) * min(block, len(weight)))
    columns = []
    for start in range(0, len(weight), block):
        terms = slice(start, start + block)
        decoder = weight[terms].T  # (h, b)
        logits = torch.mm(hidden, decoder, out=buffer[: len(hidden) * decoder.shape[1]].view(len(hidden), -1))
        offset = 0 if bias is None else bias[terms]
        if pooling == "sum":
            pooled = _per_text(activate(logits.add_(offset), activation), runs, torch.sum)
        else:
            pooled = _per_text(logits, runs, torch.amax).add_(offset)
        columns.append(_positive(pooled))
    vectors = hstack(columns, format="csr")
    if pooling != "sum":
        activate(torch.from_numpy(vectors.data), activation)
    return vectors


def pooled_tokens(hidden: Tensor, lengths: np.ndarray, pooling: Pooling) -> tuple[Tensor, np.ndarray]:
    """The hidden states that count and how many each text has: of `cls` the first alone, which is then the maximum."""
    if not hidden.isfinite().all():
        raise ModelError("the model's hidden states are not finite (NaN or infinity): its weights are broken")
    if pooling == "cls":
        return hidden[np.cumsum(lengths) - lengths], np.ones_like(lengths)
    return hidden, lengths


def activate(logits: Tensor, activation: Activation) -> Tensor:
    """Logits -> weights, in place."""
    activated = logits.relu_().log1p_()
    return activated.log1p_() if activation == "log1p_relu" else activated


def _per_text(logits: Tensor, runs: list[tuple[int, int]], reduce: Callable[..., Tensor]) -> Tensor:
    """Reduce logits (T, b) to (N, b), by `reduce` over the tokens of each text.

    runs: (texts, their length) of equal neighbours.
    """
    import torch

    parts = torch.split(logits, [texts * length for texts, length in runs])
    return torch.cat(
        [reduce(part.view(texts, length, -1), dim=1) for part, (texts, length) in zip(parts, runs, strict=True)]
    )


def _positive(dense: Tensor) -> csr_array:
    """The positive entries of (N, b)."""
    flat = dense.flatten()
    positions = (flat > 0).nonzero().squeeze(1)
    rows, columns = np.divmod(positions.cpu().numpy(), dense.shape[1])
    return csr(flat[positions].cpu().numpy(), columns, np.bincount(rows, minlength=len(dense)), dense.shape[1])
