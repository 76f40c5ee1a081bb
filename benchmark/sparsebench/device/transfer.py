"""Large arrays on their way to a device, through two pinned buffers: one is filled while the other is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsebench.device.choose import kind

if TYPE_CHECKING:
    from torch import Tensor

PART_BYTES = 2**26


def upload(array: np.ndarray, device: str) -> Tensor:
    """The array, of any shape, as a tensor on `device`, equal to the last bit. On a CPU it is the same memory.

    Example: `upload(np.arange(3), "cpu")` is `tensor([0, 1, 2])`.
    """
    import torch

    source = torch.from_numpy(array)
    if kind(device) == "cpu":
        return source
    shape, source = source.shape, source.contiguous().view(-1)
    found = torch.empty(len(source), dtype=source.dtype, device=device)
    size = max(1, min(len(source), PART_BYTES // source.element_size()))
    buffers = [torch.empty(size, dtype=source.dtype, pin_memory=True) for _ in range(1 + (size < len(source)))]
    events = [torch.cuda.Event() for _ in buffers]  # type: ignore[no-untyped-call]
    for part, start in enumerate(range(0, len(source), size)):
        buffer, event = buffers[part % len(buffers)], events[part % len(buffers)]
        own = source[start : start + size]
        if part >= len(buffers):
            event.synchronize()
        buffer[: len(own)].copy_(own)
        found[start : start + len(own)].copy_(buffer[: len(own)], non_blocking=True)
        event.record()
    for event in events[: -(-len(source) // size)]:
        event.synchronize()
    return found.view(shape)
