"""Pool hidden states to sparse vectors on a GPU: maxima become sparse there, and leave without a wait.

Three steps a batch, so that the host prepares one batch and takes another while the device computes a third: `launch`
asks for everything up to the maxima and waits for nothing; `settle` waits once, for how many entries the fullest text
has, and sends the entries on their way; `take` waits for these and makes them a matrix.

Letters: N texts of at most L tokens, hidden size h, V terms; c entries of the fullest text.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.device import free_bytes
from sparsebench.encoding.pooling import Activation, Pooling, activate
from sparsebench.encoding.sparse import csr
from sparsebench.errors import ModelError

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from torch import Tensor

BLOCK = 2048
"""Terms decoded at once: 32,768 tokens times so many logits in bfloat16 are 128 MB, in float32 twice that."""

TOKENS, LEAST_TOKENS = 2**15, 2**10
"""A large GPU multiplies 32,768 rows at its full rate, and 4,096 take it less time than it takes to launch."""

LIVE = 16
"""Numbers a token, in hidden sizes, that a body keeps at its widest: states, queries, keys, values, the inner layer."""


@dataclass(frozen=True, eq=False)
class States:
    """Inputs of a decoder: hidden (N, L, h) float32, there (N, L) bool, which are tokens; the first always is.

    What is no token repeats the first one, and so is never a maximum of its own.

    Example:
        >>> import torch
        >>> hidden, there = torch.ones(1, 3, 8), torch.tensor([[True, True, False]])
        >>> States.of(hidden, there, "cls").hidden.shape
        torch.Size([1, 1, 8])
    """

    hidden: Tensor
    there: Tensor

    @classmethod
    def of(cls, hidden: Tensor, there: Tensor, pooling: Pooling) -> States:
        """Make the states from the hidden states (N, L, h) of padded texts; of `cls` pooling the first token alone
        counts.
        """
        import torch

        if pooling == "cls":
            return cls(hidden[:, :1], there[:, :1])
        return cls(torch.where(there[:, :, None], hidden, hidden[:, :1]), there)


class DeviceDecoder(ABC):
    """A decoder on a GPU: weight (V, h) float32, bias (V,) or None.

    Example: `running = decoder.launch(states, "max", "relu"); running.settle(); vectors = running.take()`.
    """

    fallback: str | None = None
    """Why the reference serves in its place."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self.weight = weight
        self.bias = weight.new_zeros(len(weight)) if bias is None else bias

    def launch(self, states: States, pooling: Pooling, activation: Activation) -> Running:
        """Ask for everything up to the maxima."""
        summed = activation if pooling == "sum" else None
        return Running(self, states, self.pooled(states, summed), activation, summed)

    @abstractmethod
    def pooled(self, states: States, summed: Activation | None) -> Tensor:
        """Logits (N, V), the largest of each text, or the sums of what `summed` makes of them; above 0 where an entry
        may be active. No step may wait for the device."""

    def entries(self, states: States, terms: Tensor, rough: Tensor, summed: Activation | None) -> Tensor:
        """Return the float32 values of `pooled` for some terms (N, c). rough: its values (N, c) for them."""
        return rough


class Running:
    """Computation of one batch that has been launched on a GPU.

    Example: `running = decoder.launch(states, "max", "relu"); running.settle(); vectors = running.take()`.
    """

    def __init__(
        self, decoder: DeviceDecoder, states: States, pooled: Tensor, activation: Activation, summed: Activation | None
    ) -> None:
        self._decoder, self._states, self._pooled = decoder, states, pooled
        self._activation, self._summed = activation, summed

    def settle(self) -> None:
        """Wait for the maxima and send what is active on its way. Raises ModelError for states that are no numbers."""
        import torch

        possible = self._pooled > 0
        sound = self._states.hidden.isfinite().all()
        fullest, finite = torch.stack([possible.sum(dim=1).amax(), sound.long()]).tolist()
        if not finite:
            raise ModelError("the model's hidden states are not finite (NaN or infinity): its weights are broken")
        # Of equal ones topk takes any, so zeros fill up what a text has fewer.
        terms = possible.to(torch.uint8).topk(max(1, fullest), dim=1).indices.sort(dim=1).values
        rough = self._pooled.gather(1, terms)
        values = self._decoder.entries(self._states, terms, rough, self._summed)
        values = values.masked_fill(rough <= 0, 0)
        values = values.clamp(min=0) if self._summed else activate(values, self._activation)
        self._send(torch.stack([terms.to(torch.int32), values.view(torch.int32)]))

    def _send(self, entries: Tensor) -> None:
        import torch

        self._entries = torch.empty(entries.shape, dtype=torch.int32, pin_memory=True)
        self._entries.copy_(entries, non_blocking=True)
        self._arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]
        self._arrived.record()
        del self._states, self._pooled

    def take(self) -> csr_array:
        """Wait for the entries; vectors (N, V)."""
        self._arrived.synchronize()
        terms, values = self._entries.numpy()[0], self._entries.numpy()[1].view(np.float32)
        active = values > 0
        return csr(values[active], terms[active], active.sum(axis=1), len(self._decoder.weight))


class Reference(DeviceDecoder):
    """Products in the type of the weights, whatever they are pinned to be computed in."""

    def pooled(self, states: States, summed: Activation | None) -> Tensor:
        """Implement `DeviceDecoder.pooled`."""
        pooled = self.weight.new_empty(len(states.hidden), len(self.weight))
        for start in range(0, len(self.weight), BLOCK):
            terms = slice(start, start + BLOCK)
            logits = states.hidden @ self.weight[terms].T  # (N, L, b)
            pooled[:, terms] = reduced(logits, self.bias[terms], states.there, summed)
        return pooled


def reduced(logits: Tensor, bias: Tensor, there: Tensor, summed: Activation | None) -> Tensor:
    """Reduce logits (N, L, b) to (N, b): the largest logit plus bias (b,) or (N, b), or the sum of what `summed` makes
    of each.
    """
    if summed is None:
        return logits.amax(dim=1).add_(bias)
    activated = activate(logits.add_(bias if bias.dim() == 1 else bias[:, None]), summed)
    return activated.mul_(there[:, :, None]).sum(dim=1)


def tokens_on(device: str, size: int) -> int:
    """Tokens a batch for a model of hidden size `size`: TOKENS, halved until they fit in half of what is free."""
    free, tokens = free_bytes(device), TOKENS
    while free is not None and tokens > LEAST_TOKENS and tokens * 4 * (LIVE * size + BLOCK) > free // 2:
        tokens //= 2
    return tokens
