"""The decoder and the maximum in one kernel: no logit is ever written. Where there is none, the reference serves."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from sparsebench.encoding.on_device import Reference, States
from sparsebench.encoding.pooling import Activation
from sparsebench.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor


class Fused(Reference):
    """Keeps a running maximum for each text and term in registers. Sums are pooled as by the reference.

    Raises ModelError where triton is not installed.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        if importlib.util.find_spec("triton") is None:
            raise ModelError("engine 'fused' needs triton (pip install 'sparsebench[gpu]'); `auto` takes what there is")
        super().__init__(weight, bias)

    def pooled(self, states: States, summed: Activation | None) -> Tensor:
        """See DeviceDecoder."""
        if summed is not None:
            return super().pooled(states, summed)
        from sparsebench.encoding.fused_kernel import largest

        return largest(states.hidden, states.there, self.weight, self.bias)
