"""Facts of a device for the record."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from sparsebench.device.choose import kind
from sparsebench.device.precision import products
from sparsebench.types import Json

DRIVER_VERSION = Path("/proc/driver/nvidia/version")


@lru_cache(maxsize=4)
def describe(device: str) -> dict[str, Json]:
    """Name, compute capability, memory, driver, CUDA, and the precision that its float32 products were measured to
    have; of a CPU nothing."""
    if kind(device) == "cpu":
        return {}
    import torch

    properties = torch.cuda.get_device_properties(device)
    return {
        "name": properties.name,
        "capability": f"{properties.major}.{properties.minor}",
        "memory_mib": properties.total_memory // 2**20,
        "driver": _driver(),
        "cuda": torch.version.cuda,
        "float32_products": products(device),
        "visible": torch.cuda.device_count(),
    }


def _driver() -> str | None:
    """The version of the kernel module."""
    try:
        words = DRIVER_VERSION.read_text().split()
    except OSError:
        return None
    return next((word for word in words if word.count(".") >= 1 and word.replace(".", "").isdigit()), None)
