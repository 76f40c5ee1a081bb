"""Copies between the host and the simulated device. Without a wait they arrive when somebody waits, not before."""

from __future__ import annotations

import math
from typing import Any

import torch

from device.simulator.state import DEVICE, NAME
from device.simulator.tensor import SimTensor, raw

aten = torch.ops.aten


def copied(func: Any, args: Any, kwargs: dict[str, Any], asked: torch.device | None) -> Any:
    """`_to_copy` or `copy_`: between devices and types of numbers."""
    in_place = func is aten.copy_.default
    source = args[1] if in_place else args[0]
    target = args[0] if in_place else None
    from_device, (to_device, index) = isinstance(source, SimTensor), _target(target, asked, source)
    without_wait = bool(kwargs.get("non_blocking") or (in_place and len(args) > 2 and args[2]))
    kwargs = {name: raw(value) for name, value in kwargs.items() if name not in ("device", "non_blocking")}
    args = args[:2] if in_place else args
    if from_device == to_device:
        found = func(*map(raw, args), **kwargs)
    elif to_device:
        found = _upload(func, args, kwargs, source, without_wait)
    else:
        found = _download(func, args, kwargs, target, source, without_wait)
    if in_place:
        return target
    return SimTensor(found, index) if to_device else found


def _target(target: Any, asked: torch.device | None, source: torch.Tensor) -> tuple[bool, int]:
    """Whether the copy is to be on the device, and on which."""
    if target is not None:
        return isinstance(target, SimTensor), target.device.index or 0
    if asked is not None:
        return asked.type == NAME, asked.index or 0
    return isinstance(source, SimTensor), source.device.index or 0


def _counted(kind: str, source: torch.Tensor, waits: bool) -> None:
    DEVICE.counts.add(kind)
    DEVICE.counts.add(f"{kind[:-1]}_bytes", source.numel() * source.element_size())
    if waits:
        DEVICE.wait()


def _upload(func: Any, args: Any, kwargs: dict[str, Any], source: torch.Tensor, without_wait: bool) -> Any:
    pinned = without_wait and DEVICE.is_pinned(source)
    _counted("uploads", source, waits=not pinned)
    found = func(*map(raw, args), **kwargs)
    if pinned:
        before = source.clone()

        def check() -> None:
            if not torch.equal(source, before):
                raise RuntimeError("a pinned buffer was written to before its copy to the device was waited for")

        DEVICE.later(check)
    return found


def _download(
    func: Any, args: Any, kwargs: dict[str, Any], target: Any, source: torch.Tensor, without_wait: bool
) -> Any:
    # Without a target torch takes pinned memory by itself.
    asynchronous = without_wait and (target is None or DEVICE.is_pinned(target))
    _counted("downloads", source, waits=not asynchronous)
    found = func(*map(raw, args), **kwargs)
    if asynchronous:
        real = found.clone()
        found.fill_(math.nan if found.is_floating_point() else 1 if found.dtype == torch.bool else -77)

        def arrive() -> None:
            with torch.inference_mode():  # as memory that is written to from outside
                found.copy_(real)

        DEVICE.later(arrive)
    return found
