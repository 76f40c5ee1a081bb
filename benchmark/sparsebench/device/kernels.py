"""Check that kernels of triton serve on a device, and say why not: plain torch then does the same."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable

from sparsebench.device.choose import kind
from sparsebench.device.memory import does_not_fit


def why_no_kernel(device: str, agrees: Callable[[str], bool], differs: str) -> str | None:
    """Return why no kernel serves `device`; None where one compiles and agrees with plain torch there.

    agrees: compiles and compares it; differs: what to say where it does not agree.
    """
    if importlib.util.find_spec("triton") is None:
        return "triton is not installed (pip install 'sparsebench[gpu]')"
    if kind(device) == "cpu" and os.environ.get("TRITON_INTERPRET") != "1":
        return "kernels are for GPUs"
    try:
        return None if agrees(device) else differs
    except Exception as error:  # of whatever a compiler or a driver lacks; plain torch serves
        if does_not_fit(error):
            raise
        first = next(iter(str(error).strip().splitlines()), "")
        return f"the kernel does not compile: {type(error).__name__}: {first}"[:200]
