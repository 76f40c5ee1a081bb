"""Values for the parameters of a head by their names. Needs torch."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from sparsebench import ModelError
from sparsebench_plugins.models.finite import check_finite


def load_named(module: nn.Module, values: Mapping[str, Tensor], where: str) -> None:
    """Give a module the values of its parameters, all of them, no others, all finite. Raises ModelError."""
    wanted = {name: parameter.shape for name, parameter in module.state_dict().items()}
    missing, left_over = sorted(wanted.keys() - values.keys()), sorted(values.keys() - wanted.keys())
    other = sorted(name for name in wanted.keys() & values.keys() if wanted[name] != values[name].shape)
    if missing or left_over or other:
        raise ModelError(
            f"{where} does not hold the head of {type(module).__name__}. Missing: {', '.join(missing) or 'nothing'}; "
            f"left over: {', '.join(left_over) or 'nothing'}; of another shape: {', '.join(other) or 'nothing'}"
        )
    check_finite(where, values)
    module.load_state_dict(dict(values))
