"""Modules keep their parameters on the simulated device, and ties on the way there, as they do with a real one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch

_APPLY = torch.nn.Module._apply


def apply(self: torch.nn.Module, function: Callable[[Any], Any], *args: Any, **kwargs: Any) -> torch.nn.Module:
    """In place of `Module._apply`, which here makes new parameters where it would else change their data."""
    tied = defaultdict(list)
    for module in self.modules():
        for name, parameter in module._parameters.items():
            if parameter is not None:
                tied[id(parameter)].append((module, name))
    before = dict(self.named_parameters(remove_duplicate=False))
    found = _APPLY(self, _once(function), *args, **kwargs)
    for (first, name), *others in tied.values():
        for module, other in others:
            module._parameters[other] = first._parameters[name]
    for place, parameter in before.items():
        _stay(self, place, parameter)
    return found


def _once(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Of a parameter that two modules share there is one on the device, at no time two."""
    done: dict[int, Any] = {}

    def applied(tensor: Any) -> Any:
        if not isinstance(tensor, torch.nn.Parameter):
            return function(tensor)
        return done[id(tensor)] if id(tensor) in done else done.setdefault(id(tensor), function(tensor))

    return applied


def _stay(root: torch.nn.Module, place: str, before: torch.nn.Parameter) -> None:
    """An optimizer may hold a parameter that was where it is to be."""
    path, _, name = place.rpartition(".")
    module = root.get_submodule(path)
    after = module._parameters[name]
    if after is not None and (after.device, after.dtype) == (before.device, before.dtype):
        module._parameters[name] = before
