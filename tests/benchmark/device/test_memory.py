"""Which errors say that memory ended, and which that the card is gone."""

from __future__ import annotations

import pytest
import torch

from sparsebench.device import does_not_fit, lost


@pytest.mark.parametrize(
    ("error", "memory", "gone"),
    [
        (MemoryError(), True, False),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), True, False),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), True, False),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"), True, False),
        (RuntimeError("CUDA error: unspecified launch failure\nCUDA kernel errors might be"), False, True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False, False),
        (ValueError("CUDA error: not from CUDA"), False, False),
    ],
)
def test_an_error_is_told_by_what_it_says(error: Exception, memory: bool, gone: bool) -> None:
    assert does_not_fit(error) is memory
    assert (lost(error) is not None) is gone


def test_a_lost_card_is_named_with_its_first_line_alone() -> None:
    found = lost(RuntimeError("CUDA error: unspecified launch failure\nCUDA kernel errors might be reported later"))
    assert "unspecified launch failure)" in str(found)
    assert "reported later" not in str(found)
