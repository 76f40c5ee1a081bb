"""Choose the device of a run, and explain why a GPU is passed over. Needs no torch."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import sys
from itertools import takewhile
from pathlib import Path

from sparsebench.errors import SparsebenchError

DRIVER = Path("/dev/nvidiactl")
WSL = Path("/dev/dxg")
WSL_LIBRARIES = Path("/usr/lib/wsl/lib")
_VISIBLE = "CUDA_VISIBLE_DEVICES"
_KNOWN = re.compile(r"cpu|cuda(:\d+)?")
_UNTRIED = {
    "mps": "Apple's GPUs have not been compared with a CPU",
    "xpu": "Intel's GPUs have not been compared with a CPU",
    "rocm": "AMD's GPUs have not been compared with a CPU",
}


def choose_device(asked: str) -> str:
    """`auto` -> `cuda` where an NVIDIA device and a torch build for it are present, else `cpu`; others as they are.

    Raises SparsebenchError for a device that is neither: figures of one that nobody compared are worth nothing.

    Example: `choose_device("cuda:1")` is `cuda:1`.
    """
    if asked == "auto":
        return "cpu" if why_no_gpu() else "cuda"
    if not _KNOWN.fullmatch(asked):
        reason = _UNTRIED.get(asked.partition(":")[0], "there is no such device")
        raise SparsebenchError(f"--device {asked}: {reason}. There are: auto, cpu, cuda, cuda:1 and so on.")
    return asked


def why_no_gpu() -> str | None:
    """Say why `auto` takes no GPU, with what would help; None where it takes one."""
    built = importlib.metadata.version("torch")
    flavour = built.partition("+")[2]
    if platform.system() == "Darwin":
        return f"{_UNTRIED['mps']} (mps)"
    for other in ("rocm", "xpu"):
        if flavour.startswith(other):
            return f"torch {built}: {_UNTRIED[other]}"
    if _hidden():
        return f"{_VISIBLE}={os.environ[_VISIBLE]} hides every GPU; unset it"
    if (lacking := _no_driver()) is not None:
        return lacking
    if flavour.startswith("cpu"):
        return f"torch {built} is built for CPUs; `pip install torch` from an index for CUDA (docs/gpu.md)"
    return None


def kind(device: str) -> str:
    """`cuda:1` -> `cuda`: what keys name."""
    return device.partition(":")[0]


def number(device: str) -> int:
    """`cuda:1` -> 1, among the GPUs that are visible."""
    return int(device.partition(":")[2] or 0)


def only_this_one(device: str) -> str:
    """Hide all other GPUs from this process, which then is to call it `cuda`.

    Some libraries take every GPU that they see, and nobody asked for more than one. Where torch has met the GPUs
    before, or the device is none, all stays as it is. Raises SparsebenchError for a number that is not visible.
    """
    torch = sys.modules.get("torch")
    if kind(device) != "cuda" or (torch is not None and torch.cuda.is_initialized()):
        return device
    if _VISIBLE not in os.environ:
        os.environ[_VISIBLE] = str(number(device))
        return "cuda"
    visible = _visible()
    if visible and number(device) >= len(visible):
        raise SparsebenchError(
            f"--device {device}: {_VISIBLE}={os.environ[_VISIBLE]} leaves {len(visible)} visible, counted from 0"
        )
    if visible:  # else they are hidden, and stay so
        os.environ[_VISIBLE] = visible[number(device)]
    return "cuda"


def _hidden() -> bool:
    return _VISIBLE in os.environ and not _visible()


def _visible() -> list[str]:
    """Return the names before the first that is no device: CUDA reads the list up to there."""
    names = [name.strip() for name in os.environ[_VISIBLE].split(",")]
    return list(takewhile(lambda name: name and not name.startswith("-") and name != "NoDevFiles", names))


def _no_driver() -> str | None:
    """Return what NVIDIA's driver lacks here, None where there is one."""
    if DRIVER.exists():
        return None
    if not WSL.exists():
        return f"there is no NVIDIA driver ({DRIVER} is not there)"
    if not any(WSL_LIBRARIES.glob("libcuda.so*")):
        return f"this is WSL2 without NVIDIA's library ({WSL_LIBRARIES}/libcuda.so); install its driver on Windows"
    return None
