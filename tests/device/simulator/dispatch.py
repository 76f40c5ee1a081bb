"""One operation of torch on the simulated device, or to or from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

from device.simulator.copies import copied
from device.simulator.state import DEVICE, NAME
from device.simulator.tensor import SimTensor, raw

aten = torch.ops.aten
WAITING = {
    aten._local_scalar_dense.default,
    aten.nonzero.default,
    aten.masked_select.default,
    aten.equal.default,
    aten.is_nonzero.default,
    aten.unique_dim.default,
    aten._unique2.default,
    aten.repeat_interleave.Tensor,
}
ADDING = {aten.addmm.default, aten.baddbmm.default}
PRODUCTS = {aten.mm.default, aten.bmm.default, *ADDING}
GATHERS = {aten.index.Tensor, aten.index_select.default, aten.embedding.default, aten.gather.default}
SCATTERS = {aten.index_put_.default, aten._index_put_impl_.default, aten.index_put.default}
MAY_HAVE_CPU_INDICES = {aten.index.Tensor, aten._unsafe_index.Tensor, *SCATTERS}


class SimMode(TorchDispatchMode):
    """Makes tensors of the device where its name is asked for."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return dispatch(func, args, kwargs or {})


MODE = SimMode()


def dispatch(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """What `func` gives, computed where its tensors are. Raises RuntimeError where they are on several devices."""
    flat, _ = tree_flatten((args, kwargs))
    tensors = [each for each in flat if isinstance(each, torch.Tensor)]
    asked = kwargs.get("device") or next((each for each in args if isinstance(each, torch.device)), None)
    to_device = asked is not None and asked.type == NAME
    if not to_device and not any(isinstance(each, SimTensor) for each in tensors):
        return func(*args, **kwargs)
    if func is not aten.scaled_dot_product_attention.default and _is_composite(func):
        with MODE:
            found = func.decompose(*args, **kwargs)
        if found is not NotImplemented:
            return found
    if func in (aten._to_copy.default, aten.copy_.default):
        found = copied(func, args, kwargs, asked)
        if isinstance(found, SimTensor) and isinstance(args[-1], SimTensor):
            _count(func, found.raw, tensors)
        return found
    return _computed(func, args, kwargs, tensors, (asked.index or 0) if to_device else _common(func, tensors))


def _is_composite(func: Any) -> bool:
    return bool(torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), "CompositeImplicitAutograd"))


def _common(func: Any, tensors: Sequence[torch.Tensor]) -> int:
    """The device that all tensors of an operation are on; raises as CUDA does."""
    on_device = {each.device.index for each in tensors if isinstance(each, SimTensor)}
    strangers = [each for each in tensors if not isinstance(each, SimTensor) and each.dim() > 0]
    if func in MAY_HAVE_CPU_INDICES and isinstance(tensors[0], SimTensor):
        indices = [each for each in strangers if each.dtype in (torch.int64, torch.int32, torch.bool)]
        strangers = [each for each in strangers if each not in indices] if not indices else []
        DEVICE.counts.add("uploads", len(indices))
        DEVICE.counts.add("waits", len(indices))
    if strangers or len(on_device) > 1:
        names = " and ".join(sorted({str(each.device) for each in tensors}))
        raise RuntimeError(
            f"Expected all tensors to be on the same device, but found at least two devices, {names}! ({func})"
        )
    return on_device.pop()


def _computed(func: Any, args: Any, kwargs: dict[str, Any], tensors: Sequence[torch.Tensor], index: int) -> Any:
    kwargs = {**kwargs, "device": "cpu"} if "device" in kwargs else kwargs
    factor = _tf32 if func in PRODUCTS and DEVICE.tf32 and torch.get_float32_matmul_precision() == "high" else raw
    added = 1 if func in ADDING else 0
    found = func(*tree_map(raw, args[:added]), *tree_map(factor, args[added:]), **tree_map(raw, kwargs))
    is_view = any(r.alias_info is not None and not r.alias_info.is_write for r in func._schema.returns)
    if not is_view and func is not aten._local_scalar_dense.default:
        _count(func, found, tensors)
    if (func in WAITING and kwargs.get("output_size") is None) or (
        func in MAY_HAVE_CPU_INDICES and any(t.dtype == torch.bool for t in tensors[1:])
    ):
        DEVICE.wait()
    if not isinstance(found, torch.Tensor | list | tuple):
        return found
    written = _written(func, args, kwargs)

    def wrapped(value: Any) -> Any:
        if not isinstance(value, torch.Tensor):
            return value
        return written[id(value)] if id(value) in written else SimTensor(value, index)

    return tree_map(wrapped, found)


def _tf32(value: Any) -> Any:
    """A factor as tensor cores round it: 10 bits behind the point."""
    found = raw(value)
    if not isinstance(found, torch.Tensor) or found.dtype != torch.float32:
        return found
    return ((found.contiguous().view(torch.int32) + (1 << 12)) & ~((1 << 13) - 1)).view(torch.float32)


def _written(func: Any, args: Any, kwargs: dict[str, Any]) -> dict[int, SimTensor]:
    """By the id of what it stands on, each tensor that an operation writes to."""
    schema = func._schema.arguments
    named = [*zip(schema, args, strict=False), *((a, kwargs[a.name]) for a in schema if a.name in kwargs)]
    written = [value for argument, value in named if argument.alias_info and argument.alias_info.is_write]
    return {id(value.raw): value for value in written if isinstance(value, SimTensor)}


def _count(func: Any, found: Any, tensors: Sequence[torch.Tensor]) -> None:
    outs = [each for each in tree_flatten(found)[0] if isinstance(each, torch.Tensor)]
    moved = _bytes(tensors) + _bytes(outs)
    if func in GATHERS:
        moved = 2 * _bytes(outs) + _bytes(tensors[1:])
    elif func in SCATTERS:
        moved = 2 * _bytes(tensors[-1:]) + _bytes(tensors[1:-1])
    DEVICE.counts.add("launches")
    DEVICE.counts.add("bytes", moved)
    if tensors and tensors[0].dtype == torch.float64:
        DEVICE.counts.add("float64_bytes", moved)


def _bytes(tensors: Sequence[torch.Tensor]) -> int:
    return sum(each.numel() * each.element_size() for each in tensors)
