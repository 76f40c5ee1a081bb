"""The kernel of exact search on a GPU, where there is one that gives the sums of a CPU."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from sparsebench.device import does_not_fit, kind

if TYPE_CHECKING:
    from torch import Tensor

    from sparsebench.search.postings import Postings
    from sparsebench.search.term_rounds import Asked


@dataclass(frozen=True)
class Compiled:
    """reason: why there is no kernel, None where there is one."""

    reason: str | None

    @classmethod
    def on(cls, device: str) -> Compiled:
        """What `device` has; the kernel is compiled and compared with plain torch once a process."""
        return cls(_why_not(device))

    def fill(self, postings: Postings, asked: Asked, columns: slice) -> Tensor:
        """Scores (Q, d) of the documents `columns`."""
        from sparsebench.search.postings_kernel import fill

        return fill(postings, asked, columns)


@lru_cache(maxsize=4)
def _why_not(device: str) -> str | None:
    interpreted = os.environ.get("TRITON_INTERPRET") == "1"
    if importlib.util.find_spec("triton") is None:
        return "triton is not installed"
    if kind(device) == "cpu" and not interpreted:
        return "kernels are for GPUs"
    try:
        from sparsebench.search.postings_kernel import agrees

        return None if agrees(device) else "the kernel's sums are not those of the CPU"
    except Exception as error:  # of whatever a compiler or a driver lacks; plain torch serves
        if does_not_fit(error):
            raise
        first = next(iter(str(error).strip().splitlines()), "")
        return f"the kernel does not compile: {type(error).__name__}: {first}"[:200]
