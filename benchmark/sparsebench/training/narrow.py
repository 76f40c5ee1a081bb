"""A decoder that computes some of its outputs only, and in the end a model whose others can never be active.

Cost falls with the number of outputs, while names and shapes of all parameters stay those of the whole model: what is
saved, at any step, is an ordinary checkpoint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsebench.errors import TrainingError

if TYPE_CHECKING:
    from torch import Tensor

NEVER = -1e4
"""A bias no logit overcomes, and that half precision can hold."""


def narrow(model: Any, ids: np.ndarray) -> None:
    """Let the decoder of a masked language model compute the outputs `ids` (W,) alone."""
    import torch

    decoder, positions = model.get_output_embeddings(), torch.from_numpy(ids)

    def forward(hidden: Tensor) -> Tensor:
        chosen = positions.to(hidden.device)
        return torch.nn.functional.linear(hidden, decoder.weight[chosen], decoder.bias[chosen])

    decoder.forward = forward


def widen(model: Any) -> None:
    """Give the decoder all its outputs back."""
    del model.get_output_embeddings().forward


def check_narrow(model: Any) -> None:
    """Raise TrainingError where no output can be left out."""
    if model.get_output_embeddings().bias is None:
        raise TrainingError(f"{type(model).__name__} has a decoder without bias, so no output can be left out of it")


def silence(model: Any, ids: np.ndarray) -> None:
    """Give the outputs that are not among `ids` a bias with which they never become active."""
    import torch

    bias = model.get_output_embeddings().bias
    left_out = np.setdiff1d(np.arange(len(bias)), ids)
    with torch.no_grad():
        bias[torch.from_numpy(left_out)] = NEVER
