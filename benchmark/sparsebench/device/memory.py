"""The memory of a device: how much is free, how much was taken at most, and which errors say that it ended."""

from __future__ import annotations

import sys
from contextlib import suppress

from sparsebench.device.choose import kind
from sparsebench.errors import words

_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "cublas_status_alloc_failed")


def does_not_fit(error: BaseException) -> bool:
    """Return whether an error says that memory ended, so that less at once may fit.

    torch.OutOfMemoryError is a RuntimeError; on a CPU there is only the message.
    """
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in words(error).lower() for sign in _NO_MEMORY)


def lost(error: BaseException) -> str | None:
    """Say so where an error means that the GPU answers no more, or that a kernel died on it; None for any other.

    CUDA then fails every later call of the process, so nothing else can be computed on it.
    """
    first = next(iter(words(error).strip().splitlines()), "")
    if not isinstance(error, RuntimeError) or does_not_fit(error) or "cuda error" not in first.lower():
        return None
    return (
        f"the GPU was lost in mid-run ({first}). Vectors that are in the store stand: run again, on another device if "
        "need be; `nvidia-smi` and the kernel's log say more"
    )


def free_bytes(device: str) -> int | None:
    """Bytes that can still be taken on a GPU, those that torch holds ready included; None for a CPU."""
    if kind(device) == "cpu":
        return None
    import torch

    torch.cuda.empty_cache()
    free: int = torch.cuda.mem_get_info(device)[0]
    return free


def peak_mib() -> int | None:
    """The most that torch took on the GPU, MiB, since `forget_peak`; None where this process uses none."""
    torch = sys.modules.get("torch")
    if torch is None or not _in_use():
        return None
    return int(torch.cuda.max_memory_allocated() / 2**20)


def forget_peak() -> None:
    """Let the next peak be that of what follows."""
    if _in_use():
        with suppress(RuntimeError):
            sys.modules["torch"].cuda.reset_peak_memory_stats()


def _in_use() -> bool:
    """Return whether torch is loaded and has met a GPU; never the first to wake one."""
    torch = sys.modules.get("torch")
    return torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized()
