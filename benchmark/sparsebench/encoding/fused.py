"""The decoder and the maximum in one kernel: no logit is ever written. Where there is none, the reference serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsebench.device import why_no_kernel
from sparsebench.encoding.on_device import Reference, States
from sparsebench.encoding.pooling import Activation

if TYPE_CHECKING:
    from torch import Tensor


class Fused(Reference):
    """Keeps a running maximum for each text and term in registers. Sums are pooled as by the reference."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__(weight, bias)
        self.fallback = why_no_kernel(
            str(self.weight.device), self._agrees, "the kernel's maxima are not those of torch"
        )

    def pooled(self, states: States, summed: Activation | None) -> Tensor:
        """Implement `DeviceDecoder.pooled`."""
        if summed is not None or self.fallback is not None:
            return super().pooled(states, summed)
        from sparsebench.encoding.fused_kernel import largest

        return largest(states.hidden, states.there, self.weight, self.bias)

    def _agrees(self, device: str) -> bool:
        """Compile it for a few rows of the weights and compare."""
        import torch

        from sparsebench.encoding.fused_kernel import largest

        few = Reference(self.weight[:64], self.bias[:64])
        states = States(few.weight[:6].view(2, 3, -1), few.weight.new_ones(2, 3, dtype=torch.bool))
        found = largest(states.hidden, states.there, few.weight, few.bias)
        return torch.allclose(found, few.pooled(states, None), rtol=1e-4, atol=1e-4)
