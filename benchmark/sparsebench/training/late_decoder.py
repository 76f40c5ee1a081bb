"""Max pooling without all logits: the decoder runs inside the pooling, block by block, and only maxima are kept.

As it is usually written, a step writes and reads the (B, L, V) logits some ten times, and that is nearly all that it
costs. Of a maximum only the position where it lies has a gradient, and behind ln(1 + relu(.)) only active entries have
one, a few dozen of V: they are looked for again where the gradient is wanted.

Letters: B texts, L positions, H hidden units, W outputs that are trained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    import numpy as np
    from sentence_transformers import SparseEncoder
    from torch import Tensor

BLOCK = 512
"""Outputs at once: a block of logits stays in the cache."""


class MaxLogits(torch.autograd.Function):
    """Largest logit of each output over the positions i of a text: max_i (h[i] . w[t]) + b[t]."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor, mask: Tensor) -> Tensor:
        """Compute the maxima (B, W), and keep what their gradients need."""
        # What is padding repeats the first token, and so is never a maximum of its own.
        filled = torch.where(mask[:, :, None], hidden, hidden[:, :1])
        best = hidden.new_empty(len(hidden), len(weight))
        where = best.new_empty(best.shape if hidden.device.type != "cpu" else 0, dtype=torch.int32)
        rows = filled.flatten(0, 1)
        buffer = hidden.new_empty(len(rows) * min(BLOCK, len(weight)))
        for start in range(0, len(weight), BLOCK):
            block = weight[start : start + BLOCK]
            logits = buffer[: len(rows) * len(block)].view(len(rows), len(block))
            torch.mm(rows, block.T, out=logits)
            outputs = slice(start, start + len(block))
            if len(where):
                best[:, outputs], where[:, outputs] = logits.view(*mask.shape, -1).max(dim=1)
            else:
                torch.amax(logits.view(*mask.shape, -1), dim=1, out=best[:, outputs])
        ctx.save_for_backward(hidden, weight, mask, where)
        return best + bias

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        """Send the gradient of each entry to the position where its maximum lies."""
        (gradient,), (hidden, weight, mask, where) = gradients, ctx.saved_tensors
        if len(where):
            to_hidden, to_weight = _of_all_texts(gradient, hidden, weight, where)
        else:
            to_hidden, to_weight = _text_by_text(gradient, hidden, weight, mask)
        return to_hidden, to_weight, gradient.sum(dim=0), None


def _text_by_text(gradient: Tensor, hidden: Tensor, weight: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients of hidden (B, L, H) and weight (W, H); maxima are looked for again: least work on a CPU."""
    to_hidden, to_weight = torch.zeros_like(hidden), torch.zeros_like(weight)
    for text, own in enumerate(gradient):
        active = own.nonzero().flatten()
        tokens, outputs, slopes = hidden[text, mask[text]], weight[active], own[active, None]
        if len(active):
            at = (tokens @ outputs.T).argmax(dim=0)
            positions = mask[text].nonzero().flatten()[at]
            to_hidden[text].index_add_(0, positions, slopes * outputs)
            to_weight.index_add_(0, active, slopes * tokens[at])
    return to_hidden, to_weight


def _of_all_texts(gradient: Tensor, hidden: Tensor, weight: Tensor, where: Tensor) -> tuple[Tensor, Tensor]:
    """Sum the gradients with the positions of the maxima (B, W) at hand: a GPU is waited for once, and not four times a
    text.

    `index_put_` sorts what it adds up on a GPU, where `index_add_` adds in any order: the same weights every time.
    """
    to_hidden, to_weight = torch.zeros_like(hidden), torch.zeros_like(weight)
    texts, outputs = gradient.nonzero(as_tuple=True)
    positions, slopes = where[texts, outputs].long(), gradient[texts, outputs][:, None]
    to_hidden.index_put_((texts, positions), slopes * weight[outputs], accumulate=True)
    to_weight.index_put_((outputs,), slopes * hidden[texts, positions], accumulate=True)
    return to_hidden, to_weight


def max_logits(hidden: Tensor, weight: Tensor, bias: Tensor, mask: Tensor) -> Tensor:
    """Return the largest logit of each output over the positions of a text, (B, W).

    hidden (B, L, H), weight (W, H), bias (W,), mask (B, L) with its first column true.
    """
    best: Tensor = MaxLogits.apply(hidden, weight, bias, mask)  # type: ignore[no-untyped-call]
    return best


def defer(encoder: SparseEncoder, ids: np.ndarray | None) -> None:
    """Let the pooling of `encoder` compute the outputs `ids` (W,), None for all, from what the decoder would read.

    Modules and parameters stay what they are: what is saved, at any step, is an ordinary checkpoint.
    """
    decoder, pooling = encoder[0].auto_model.get_output_embeddings(), encoder[1]
    chosen = None if ids is None else torch.from_numpy(ids)

    def pooled(features: dict[str, Tensor]) -> dict[str, Tensor]:
        hidden = features["token_embeddings"]
        at = slice(None) if chosen is None else chosen.to(hidden.device)
        bias = decoder.weight.new_zeros(len(decoder.weight)) if decoder.bias is None else decoder.bias
        weight, bias = (each[at].to(hidden.dtype) for each in (decoder.weight, bias))
        best = max_logits(hidden, weight, bias, features["attention_mask"].bool())
        features["sentence_embedding"] = best.relu().log1p()
        pooling.embedding_dimension = len(weight)
        return features

    decoder.forward = lambda hidden: hidden
    pooling.forward = pooled


def restore(encoder: SparseEncoder) -> None:
    """Give decoder and pooling back what they do themselves."""
    decoder, pooling = encoder[0].auto_model.get_output_embeddings(), encoder[1]
    del decoder.forward, pooling.forward
    pooling.embedding_dimension = len(decoder.weight)
