"""The precision in which products of float32 matrices are computed.

A GPU may round the factors to TF32 (10 bits instead of 23), and the environment can ask for it behind our back, as
NVIDIA's containers do with TORCH_ALLOW_TF32_CUBLAS_OVERRIDE. Vectors would then differ in the third digit and be called
float32. So it is pinned, and `products` measures what a device really does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

Products = Literal["float32", "tf32"]

_OVERRIDE = "NVIDIA_TF32_OVERRIDE"
SMALL = 2.0**-12
"""1 + SMALL is a float32, and TF32 makes 1 of it."""


def pin(precision: Products = "float32") -> None:
    """Let products of float32 matrices be computed in float32, whatever the environment asks for (or in TF32)."""
    import torch

    if precision == "float32" and os.environ.get(_OVERRIDE, "0") != "0":
        del os.environ[_OVERRIDE]  # read by cuBLAS when it starts
    torch.set_float32_matmul_precision("highest" if precision == "float32" else "high")
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False


@contextmanager
def pinned(precision: Products) -> Iterator[None]:
    """Pin the precision of products for as long as the `with` lasts; restore it afterwards."""
    import torch

    before: Products = "float32" if torch.get_float32_matmul_precision() == "highest" else "tf32"
    pin(precision)
    try:
        yield
    finally:
        pin(before)


def products(device: str) -> Products:
    """Measure what a device rounds the factors of float32 products to, as things are set now."""
    import torch

    factor = torch.full((64, 64), 1 + SMALL, device=device)
    return "float32" if float((factor @ torch.eye(64, device=device))[0, 0]) == 1 + SMALL else "tf32"
