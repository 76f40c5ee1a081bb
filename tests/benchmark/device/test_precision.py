"""Float32 means float32, whatever the environment asks for, and what a device really does is measured."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from sparsebench.device import pin, pinned, products


def test_the_environment_cannot_switch_tf32_on() -> None:
    code = (
        "import torch\n"
        "from sparsebench.device import pin\n"
        "assert torch.get_float32_matmul_precision() == 'high', 'the override works'\n"
        "pin()\n"
        "import os\n"
        "print(torch.get_float32_matmul_precision(), torch.backends.cuda.matmul.allow_tf32, "
        "torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction, os.environ.get('NVIDIA_TF32_OVERRIDE'))"
    )
    env = {**os.environ, "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "1", "NVIDIA_TF32_OVERRIDE": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["highest", "False", "False", "None"], done.stderr


def test_tf32_is_on_for_as_long_as_it_is_asked_for() -> None:
    pin()
    with pinned("tf32"):
        assert torch.get_float32_matmul_precision() == "high"
    assert torch.get_float32_matmul_precision() == "highest"


def test_a_product_of_rounded_factors_is_told_from_one_of_whole_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    assert products("cpu") == "float32"
    full = torch.full

    def rounded(*args, **kwargs):
        bits = full(*args, **kwargs).view(torch.int32)
        return (bits & ~((1 << 13) - 1)).view(torch.float32)  # as TF32 keeps them

    monkeypatch.setattr(torch, "full", rounded)
    assert products("cpu") == "tf32"
