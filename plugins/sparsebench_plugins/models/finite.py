"""Refusal of weights that are not finite, for every model that loads any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sparsebench import ModelError

if TYPE_CHECKING:
    from torch import Tensor


def check_finite(name: str, tensors: Mapping[str, Any]) -> None:
    """Refuse (ModelError) tensors that are not finite, by name: where they lie deep, some texts show no NaN.

    tensors: a state dict, parameters and the buffers that files hold; what a module keeps there beside tensors is
    passed over.

    Example: `check_finite("naver/splade-v3", model.state_dict())`.
    """
    bad = next((key for key, value in tensors.items() if hasattr(value, "isfinite") and not _finite(value)), None)
    if bad is not None:
        raise ModelError(f"checkpoint {name!r}: the tensor {bad!r} holds a number that is not finite; get it again")


def _finite(tensor: Tensor) -> bool:
    """Return whether all is finite; numbers of eight bits cannot be asked themselves."""
    return not tensor.is_floating_point() or bool(tensor.float().isfinite().all())
