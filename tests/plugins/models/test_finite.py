"""Weights that are not finite, of every kind that a model holds."""

from __future__ import annotations

import pytest
import torch

from sparsebench import ModelError
from sparsebench_plugins.models.finite import check_finite


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float8_e5m2])
@pytest.mark.parametrize("name", ["weight", "running_var"])
def test_a_parameter_or_a_buffer_that_is_not_finite_is_refused_by_name(name: str, dtype: torch.dtype) -> None:
    state = dict(torch.nn.BatchNorm1d(3).state_dict())
    check_finite("folder", state)
    state[name] = torch.tensor([1.0, float("inf"), 1.0]).to(dtype)
    with pytest.raises(ModelError, match=f"checkpoint 'folder': the tensor '{name}' holds a number that is not finite"):
        check_finite("folder", state)


def test_whole_numbers_and_what_is_no_tensor_are_passed_over() -> None:
    check_finite("folder", {"position_ids": torch.arange(3), "_extra_state": {"step": float("nan")}})
