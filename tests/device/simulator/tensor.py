"""A tensor of the simulated device."""

from __future__ import annotations

import weakref
from typing import Any, ClassVar

import numpy as np
import torch

from device.simulator.state import DEVICE, NAME


class SimTensor(torch.Tensor):
    """raw: the CPU tensor that it stands on."""

    raw: torch.Tensor

    @staticmethod
    def __new__(cls, raw: torch.Tensor, index: int = 0) -> SimTensor:
        with torch.inference_mode(raw.is_inference()):  # a view of a parameter is no inference tensor
            dense = raw.layout is torch.strided
            where: dict[str, Any] = (
                {"strides": raw.stride(), "storage_offset": raw.storage_offset()} if dense else {"layout": raw.layout}
            )
            made = torch.Tensor._make_wrapper_subclass(
                cls, raw.shape, dtype=raw.dtype, device=f"{NAME}:{index}", **where
            )
        made.raw = raw
        if dense:  # sparse ones are not counted
            storage = raw.untyped_storage()
            weakref.finalize(made, DEVICE.release, storage, *DEVICE.take(storage))
        return made

    __torch_function__: ClassVar[Any] = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        from device.simulator.dispatch import dispatch

        return dispatch(func, args, kwargs or {})

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return f"SimTensor({self.raw!r}, device={self.device})"

    def untyped_storage(self) -> torch.UntypedStorage:
        return self.raw.untyped_storage()

    def data_ptr(self) -> int:
        return self.raw.data_ptr()

    def tolist(self) -> Any:
        return self.cpu().tolist()

    def numpy(self, *, force: bool = False) -> np.ndarray:
        if force:
            return self.cpu().numpy()
        raise TypeError(f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() first.")

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.numpy()


def raw(value: Any) -> Any:
    """What a tensor of the device stands on; anything else is itself."""
    return value.raw if isinstance(value, SimTensor) else value
