"""Modules keep their parameters on the simulated device, and ties on the way there, as they do with a real one."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import torch

_APPLY = torch.nn.Module._apply


def apply(self: torch.nn.Module, *args: Any, **kwargs: Any) -> torch.nn.Module:
    """In place of `Module._apply`, which here makes new parameters where it would else change their data."""
    tied = defaultdict(list)
    for module in self.modules():
        for name, parameter in module._parameters.items():
            if parameter is not None:
                tied[id(parameter)].append((module, name))
    before = dict(self.named_parameters(remove_duplicate=False))
    found = _APPLY(self, *args, **kwargs)
    for (first, name), *others in tied.values():
        for module, other in others:
            module._parameters[other] = first._parameters[name]
    for place, parameter in before.items():
        _stay(self, place, parameter)
    return found


def _stay(root: torch.nn.Module, place: str, before: torch.nn.Parameter) -> None:
    """An optimizer may hold a parameter that was where it is to be."""
    path, _, name = place.rpartition(".")
    module = root.get_submodule(path)
    after = module._parameters[name]
    if after is not None and (after.device, after.dtype) == (before.device, before.dtype):
        module._parameters[name] = before
