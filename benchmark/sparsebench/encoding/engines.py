"""Engines that turn hidden states into vectors, as far as this machine has them. Naming one needs no torch.

`reference` is plain torch, on any device. On a CPU `numba` pools in compiled loops, and `exact_bf16` and `exact_int8`
decide in low precision what can be decided so. On a GPU `exact_bf16` and `exact_tf32` do the same, and `fused` never
writes a logit. All agree within 1e-5.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from sparsebench.encoding.pooling import Activation, Pooling, pool
from sparsebench.errors import ModelError

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from torch import Tensor

    from sparsebench.encoding.on_device import DeviceDecoder

Engine = Literal["exact_bf16", "exact_int8", "exact_tf32", "fused", "numba", "reference"]
AnyEngine = Literal["auto", "exact_bf16", "exact_int8", "exact_tf32", "fused", "numba", "reference"]
Precision = Literal["float32", "tf32", "bfloat16"]
"""Of a model before its decoder."""

ON_GPUS: tuple[Engine, ...] = ("exact_bf16", "exact_tf32", "fused", "reference")
FASTEST_FIRST: tuple[Engine, ...] = ("exact_bf16", "exact_int8", "numba", "reference")
INT8_FLAG = "avx512_vnni"
"""Dot products of integers of 8 bits: 490 GOP/s a core against 135 in float32 (measured). Without them torch may sum
in 16 bits, which overflow."""
BF16_FLAG = "amx_bf16"
"""Tiles multiply bfloat16 six times as fast as float32 (measured: 2,091 GFLOP/s against 367); where a CPU has but the
vectors of avx512_bf16, half as fast (80 against 157), so that `numba` encodes 1.6 times as many texts."""
CPUINFO = Path("/proc/cpuinfo")


class Decoder(Protocol):
    """`pool` with the weights at hand.

    Example:
        decode = decoder("numba", weight, bias)
        vectors = decode(hidden, lengths, pooling="max", activation="relu")
    """

    def __call__(self, hidden: Tensor, lengths: np.ndarray, *, pooling: Pooling, activation: Activation) -> csr_array:
        """Vectors (N, V) float32 of N texts from hidden (T, h), T tokens in all, and lengths (N,)."""


def cpu_engine(asked: AnyEngine) -> Engine:
    """The engine that a CPU encodes with: the one asked for, `auto` the fastest. Raises ModelError for one that cannot
    be had; `exact_bf16` can be had, if slowly, where the CPU has no tiles for bfloat16."""
    if asked == "auto":
        return next(engine for engine in FASTEST_FIRST if _unfit(engine) is None)
    if asked not in FASTEST_FIRST:
        raise ModelError(f"engine {asked!r} is for GPUs; a CPU has {', '.join(FASTEST_FIRST)}")
    if asked == "exact_int8" and (reason := _unfit(asked)):
        raise ModelError(f"engine {asked!r}: {reason}; `auto` takes what there is")
    if asked != "reference" and not _has_numba():
        raise ModelError(f"engine {asked!r}: {_NO_NUMBA}; `auto` takes what there is")
    return asked


def engine_on(device: str, asked: AnyEngine, dtype: Precision = "float32") -> Engine:
    """Return an engine on any device; raises ModelError for an engine or precision that this device does not have.

    On a GPU `auto` is `exact_bf16` where the model itself is asked to be in bfloat16, else `reference`.
    """
    if device == "cpu":
        if dtype == "tf32":
            raise ModelError("dtype: tf32 is what NVIDIA's GPUs multiply in; a CPU has float32 and bfloat16")
        return cpu_engine(asked)
    if asked == "auto":
        return "exact_bf16" if dtype == "bfloat16" else "reference"
    if asked not in ON_GPUS:
        raise ModelError(f"engine {asked!r} is for CPUs; on {device} there are {', '.join(ON_GPUS)}")
    return asked


def passed_over(engine: Engine) -> Mapping[Engine, str]:
    """The engines faster than this one, and why `auto` does not take them."""
    faster = FASTEST_FIRST[: FASTEST_FIRST.index(engine)] if engine in FASTEST_FIRST else ()
    return {other: reason for other in faster if (reason := _unfit(other)) is not None}


def slow_without() -> str | None:
    """Return what is missing for the speed that this project is known for, and how to get it; None where all is there.

    numba is a dependency, so that it is missing only where somebody took it away or its own import fails.
    """
    if _has_numba():
        return None
    return (
        f"{_NO_NUMBA}: texts are encoded by the engine `reference` and searched by scipy, which speed/RESULTS.md shows "
        "beside `numba` and the inverted index; and vectors that it made are not those of `reference`, byte for byte"
    )


def decoder(engine: Engine, weight: Tensor, bias: Tensor | None) -> Decoder:
    """The decoder weight (V, h), bias (V,) of a model, made ready for an engine."""
    if engine == "exact_bf16":
        from sparsebench.encoding.exact_bf16 import ExactBf16

        return ExactBf16(weight, bias)
    if engine == "exact_int8":
        from sparsebench.encoding.exact_int8 import ExactInt8

        return ExactInt8(weight, bias)
    if engine == "numba":
        from sparsebench.encoding.numba_pooling import numba_pool

        return partial(numba_pool, weight=weight, bias=bias)
    return partial(pool, weight=weight, bias=bias)


def device_decoder(engine: Engine, weight: Tensor, bias: Tensor | None) -> DeviceDecoder:
    """Make the decoder of an engine on a GPU. weight (V, h), bias (V,)."""
    from sparsebench.encoding.device_candidates import Candidates
    from sparsebench.encoding.fused import Fused
    from sparsebench.encoding.on_device import Reference

    if engine == "fused":
        return Fused(weight, bias)
    if engine == "reference":
        return Reference(weight, bias)
    return Candidates(weight, bias, "tf32" if engine == "exact_tf32" else "bfloat16")


_NO_NUMBA = "numba cannot be imported (pip install numba)"


def _unfit(engine: Engine) -> str | None:
    if engine == "exact_bf16" and BF16_FLAG not in _cpu_flags():
        return f"this CPU does not multiply bfloat16 faster than float32 ({BF16_FLAG})"
    if engine == "exact_int8" and INT8_FLAG not in _cpu_flags():
        return f"this CPU has no dot products of integers of 8 bits ({INT8_FLAG})"
    return _NO_NUMBA if engine != "reference" and not _has_numba() else None


def _has_numba() -> bool:
    return importlib.util.find_spec("numba") is not None


def _cpu_flags() -> frozenset[str]:
    """Return the flags that Linux reports for the first core; empty elsewhere."""
    if not CPUINFO.is_file():
        return frozenset()
    with CPUINFO.open(encoding="utf-8") as lines:
        return frozenset(next((line.split() for line in lines if line.startswith("flags")), ()))
