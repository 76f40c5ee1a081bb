"""Limits of the card: bytes a second, products of matrices, exponentials."""

from __future__ import annotations

from functools import partial

from sparsebench.device import kind, pinned
from speed.gpu.asked import Asked, Found


def found(asked: Asked) -> Found:
    """Bytes and operations a second, the best of several tries."""
    return {**_copies(asked), **_products(asked), **_exponentials(asked)}


def _copies(asked: Asked) -> Found:
    import torch

    source = torch.ones(asked.sized(2**22, 2**30), device=asked.device)
    target = torch.empty_like(source)
    copied = {"copy, bytes/s": 8 * source.numel() / asked.best(lambda: target.copy_(source))}
    if kind(asked.device) == "cpu":
        return copied
    host = torch.ones(2**26)
    pinned_host = host.pin_memory()
    copied["upload, bytes/s"] = 4 * 2**26 / asked.best(lambda: host.to(asked.device))
    copied["upload from pinned memory, bytes/s"] = 4 * 2**26 / asked.best(lambda: pinned_host.to(asked.device))
    return copied


def _products(asked: Asked) -> Found:
    import torch

    size, rates = asked.sized(512, 8192), {}
    for name, dtype in (("float32", torch.float32), ("tf32", torch.float32), ("bfloat16", torch.bfloat16)):
        factor = torch.randn(size, size, device=asked.device, dtype=dtype)
        with pinned("tf32" if name == "tf32" else "float32"):
            rates[f"products in {name}, operations/s"] = 2 * size**3 / asked.best(partial(torch.matmul, factor, factor))
    return rates


def _exponentials(asked: Asked) -> Found:
    import torch

    numbers = torch.rand(asked.sized(2**20, 2**27), device=asked.device, dtype=torch.float64)
    return {"exponentials in float64, 1/s": numbers.numel() / asked.best(numbers.exp)}
