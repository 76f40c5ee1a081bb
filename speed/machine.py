"""Limits of this machine, and which machine it is."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from sparsebench.encoding import cpu_engine, passed_over
from sparsebench.provenance import hardware, software
from speed.clock import seconds_of

SIDE = 2048
READ_BYTES = 2**29
TRIES = 15


@dataclass(frozen=True)
class Limits:
    """Products of matrices in float32, bfloat16 and integers of 8 bits, operations a second; bytes read a second."""

    gemm: float
    gemm_bf16: float
    gemm_int8: float
    read: float


def measure_limits() -> Limits:
    """The best of several tries: a limit is what nothing exceeds."""
    import torch

    numbers = torch.ones(READ_BYTES // 4)
    return Limits(
        gemm=_gemm("float32"),
        gemm_bf16=_gemm("bfloat16"),
        gemm_int8=_gemm_int8(),
        read=READ_BYTES / min(seconds_of(numbers.sum) for _ in range(TRIES)),
    )


def _gemm(precision: str) -> float:
    import torch

    left, right = (torch.rand(SIDE, SIDE).to(getattr(torch, precision)) for _ in range(2))
    product = torch.empty_like(left)
    return _operations_a_second(lambda: torch.mm(left, right, out=product))


def _gemm_int8() -> float:
    import torch

    left, right = (torch.randint(-127, 128, (SIDE, SIDE), dtype=torch.int8) for _ in range(2))
    product = torch.empty(SIDE, SIDE, dtype=torch.int32)
    return _operations_a_second(lambda: torch._int_mm(left, right, out=product))


def _operations_a_second(multiply: Callable[[], object]) -> float:
    return 2 * SIDE**3 / min(seconds_of(multiply) for _ in range(TRIES))


def describe() -> dict[str, str]:
    """Machine, software and commit, for people."""
    import torch

    facts, versions = hardware("cpu"), software()
    git = versions["git"] or {"commit": "no checkout", "dirty": False}
    libraries = ", ".join(f"{name} {version}" for name, version in versions["libraries"].items())
    return {
        "commit": git["commit"] + (" and changes" if git["dirty"] else ""),
        "hardware": f"{facts['cpu']}, {facts['cores']} cores ({facts['fingerprint']})",
        "engine of encoders": _engine(),
        "threads": str(torch.get_num_threads()),
        "load before": f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown",
        "software": f"Python {versions['python']}, {libraries}",
    }


def _engine() -> str:
    """Say what `auto` takes, and why nothing faster."""
    engine = cpu_engine("auto")
    reasons = [f"{faster} is not for this machine: {why}" for faster, why in passed_over(engine).items()]
    return "; ".join([engine, *reasons])
