"""Check that torch can use a device, before anything is computed for it."""

from __future__ import annotations

from sparsebench.device.choose import kind, why_no_gpu
from sparsebench.device.precision import pin
from sparsebench.errors import SparsebenchError


def check_device(device: str) -> None:
    """Pin the precision of float32 and compute something. Raises SparsebenchError where torch cannot use the device."""
    import torch

    pin()
    try:
        torch.ones(1, device=device).add_(1)
    except (RuntimeError, AssertionError) as error:
        first_line = str(error).splitlines()[0]
        raise SparsebenchError(f"--device {device}: torch cannot use it ({first_line}). {_advice(device)}") from error


def _advice(device: str) -> str:
    import torch

    visible = torch.cuda.device_count() if kind(device) == "cuda" and torch.cuda.is_available() else 0
    if visible:
        return f"{visible} GPUs are visible, cuda:0 to cuda:{visible - 1}; `nvidia-smi` says who uses them."
    reason = why_no_gpu() if kind(device) == "cuda" else None
    said = f"{reason[0].upper()}{reason[1:]}. " if reason else ""
    return f"{said}Try --device cpu; `sparsebench doctor` says what is missing."
