"""Which device a run uses. Deciding needs no torch, so that `plan` names the same keys as `run`."""

from __future__ import annotations

import importlib.metadata
import os
from pathlib import Path

from sparsebench.errors import SparsebenchError


def choose_device(asked: str) -> str:
    """`auto` -> `cuda` where an NVIDIA device and a torch build for it are present, else `cpu`."""
    if asked != "auto":
        return asked
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") == ""
    built_for_cuda = "+cpu" not in importlib.metadata.version("torch")
    return "cuda" if Path("/dev/nvidiactl").exists() and built_for_cuda and not hidden else "cpu"


def check_device(device: str) -> None:
    """Raises SparsebenchError when torch cannot use the device."""
    import torch

    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        first_line = str(error).splitlines()[0]
        raise SparsebenchError(f"--device {device}: torch cannot use it ({first_line}). Try --device cpu.") from error
