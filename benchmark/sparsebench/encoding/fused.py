"""The decoder and the maximum in one kernel: no logit is ever written. Where there is none, the reference serves."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from sparsebench.device import does_not_fit
from sparsebench.encoding.on_device import Reference, States
from sparsebench.encoding.pooling import Activation

if TYPE_CHECKING:
    from torch import Tensor


class Fused(Reference):
    """Keeps a running maximum for each text and term in registers. Sums are pooled as by the reference."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__(weight, bias)
        self.fallback = self._why_not()

    def pooled(self, states: States, summed: Activation | None) -> Tensor:
        """Implement `DeviceDecoder.pooled`."""
        if summed is not None or self.fallback is not None:
            return super().pooled(states, summed)
        from sparsebench.encoding.fused_kernel import largest

        return largest(states.hidden, states.there, self.weight, self.bias)

    def _why_not(self) -> str | None:
        """Compile it for a few rows of the weights and compare."""
        import torch

        if importlib.util.find_spec("triton") is None:
            return "triton is not installed (pip install 'sparsebench[gpu]')"
        few = Reference(self.weight[:64], self.bias[:64])
        states = States(few.weight[:6].view(2, 3, -1), few.weight.new_ones(2, 3, dtype=torch.bool))
        try:
            from sparsebench.encoding.fused_kernel import largest

            found = largest(states.hidden, states.there, few.weight, few.bias)
            close = torch.allclose(found, few.pooled(states, None), rtol=1e-4, atol=1e-4)
        except Exception as error:  # of whatever a compiler or a driver lacks
            if does_not_fit(error):
                raise
            first = next(iter(str(error).strip().splitlines()), "")
            return f"the kernel does not compile: {type(error).__name__}: {first}"[:200]
        return None if close else "the kernel's maxima are not those of torch"
