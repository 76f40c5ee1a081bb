"""Puts the simulated device into this process, and takes it out again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils import backend_registration

from device.simulator import tied
from device.simulator.counts import Counts
from device.simulator.dispatch import MODE
from device.simulator.state import DEVICE, NAME

MEMORY = 80 * 2**30
"""What a device without a limit says that it has."""


@contextmanager
def simulated(memory: int = 0, *, tf32: bool = True, met: bool = True) -> Iterator[Counts]:
    """`cuda` is the simulated device, of so many bytes (0: no end of them). Yields what happens on it.

    tf32: whether it can round products to TF32. met: False for a process that has not touched a GPU yet and may still
    hide some of them from itself, by an environment that is then another one.
    """
    if not hasattr(backend_registration, "_setup_privateuseone_for_python_backend"):
        pytest.skip(f"torch {torch.__version__} lets no device be written in Python")
    DEVICE.begin(memory, tf32=tf32, met=met)
    if torch._C._get_privateuse1_backend_name() != NAME:
        backend_registration._setup_privateuseone_for_python_backend(NAME)
    overwrite = torch.__future__.get_overwrite_module_params_on_conversion()
    with ExitStack() as stack:
        for place, name, fake in _fakes():
            stack.enter_context(mock.patch.object(place, name, fake))
        stack.callback(torch.__future__.set_overwrite_module_params_on_conversion, overwrite)
        torch.__future__.set_overwrite_module_params_on_conversion(True)  # `.data =` would not change `raw`
        stack.callback(torch._C._set_only_lift_cpu_tensors, torch._C._only_lift_cpu_tensors())
        torch._C._set_only_lift_cpu_tensors(True)  # torch.tensor(..., device=) makes it on the CPU and then moves it
        stack.enter_context(Renamed())
        stack.enter_context(MODE)
        yield DEVICE.counts
        DEVICE.finish()
    DEVICE.begin()


class Renamed(TorchFunctionMode):
    """Where `cuda` or `cuda:N` is asked for, this device is meant: torch built for CPUs knows no `cuda`."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func is torch.Tensor.is_pinned:
            return DEVICE.is_pinned(args[0])
        if func is torch.Tensor.pin_memory:
            return DEVICE.pin(args[0].clone())
        if func is torch.Tensor.cuda:
            func, args = torch.Tensor.to, (args[0], torch.device(NAME, 0))
        if func is torch.Tensor.to and len(args) > 1:
            args = (args[0], _here(args[1]), *args[2:])
        if "device" in kwargs:
            kwargs["device"] = _here(kwargs["device"])
        pinned = kwargs.pop("pin_memory", False)
        found = func(*args, **kwargs)
        return DEVICE.pin(found) if pinned else found


def _here(device: Any) -> Any:
    return torch.device(str(device).replace("cuda", NAME)) if str(device).startswith("cuda") else device


class SimEvent:
    """A place among the copies."""

    def __init__(self, **kwargs: Any) -> None:
        self._place = 0

    def record(self, stream: Any = None) -> None:
        self._place = DEVICE.copied

    def synchronize(self) -> None:
        DEVICE.wait(self._place)


class SimProperties:
    """What torch tells of a device."""

    name = "simulated accelerator"
    major, minor = 9, 0
    multi_processor_count = 132
    L2_cache_size = 50 * 2**20

    @property
    def total_memory(self) -> int:
        return DEVICE.limit or MEMORY


def _visible() -> int:
    """Two, where the environment hides none."""
    names = os.environ.get("CUDA_VISIBLE_DEVICES")
    return 2 if names is None else len([name for name in names.split(",") if name.strip()])


def _memory(device: Any = None) -> tuple[int, int]:
    whole = DEVICE.limit or MEMORY
    return DEVICE.free(whole), whole


def _fakes() -> list[tuple[Any, str, Any]]:
    def forget_peak(device: Any = None) -> None:
        DEVICE.counts.peak = DEVICE.counts.live

    fakes = {
        "_lazy_init": lambda: None,
        "is_available": lambda: True,
        "is_initialized": lambda: DEVICE.met,
        "device_count": _visible,
        "current_device": lambda: 0,
        "get_device_name": lambda device=None: SimProperties.name,
        "get_device_capability": lambda device=None: (SimProperties.major, SimProperties.minor),
        "get_device_properties": lambda device=None: SimProperties(),
        "synchronize": lambda device=None: DEVICE.wait(),
        "empty_cache": lambda: None,
        "memory_allocated": lambda device=None: DEVICE.counts.live,
        "max_memory_allocated": lambda device=None: DEVICE.counts.peak,
        "reset_peak_memory_stats": forget_peak,
        "mem_get_info": _memory,
        "is_bf16_supported": lambda *_: True,
        "set_device": lambda device: None,
        "manual_seed_all": lambda seed: None,
        "Event": SimEvent,
    }
    # What is random there is drawn on the CPU, whose generator has the state.
    random = {
        "get_rng_state": lambda device=None: torch.get_rng_state(),
        "set_rng_state": lambda state, device=None: None,
        "get_rng_state_all": lambda: [torch.get_rng_state()],
        "set_rng_state_all": lambda states: None,
    }
    fakes |= random
    places = [(torch.nn.Module, "_apply", tied.apply), *((torch.cuda, name, fake) for name, fake in fakes.items())]
    return places + [(torch.cuda.random, name, fake) for name, fake in random.items()]
