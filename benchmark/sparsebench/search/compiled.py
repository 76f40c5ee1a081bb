"""The kernel of exact search on a GPU, where there is one that gives the sums of a CPU."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from sparsebench.device import why_no_kernel

if TYPE_CHECKING:
    from torch import Tensor

    from sparsebench.search.postings import Postings
    from sparsebench.search.term_rounds import Asked


@dataclass(frozen=True)
class Compiled:
    """Kernel of a device, if it has one. reason: why there is no kernel, None where there is one."""

    reason: str | None

    @classmethod
    def on(cls, device: str) -> Compiled:
        """Find the kernel of `device`; it is compiled and compared with plain torch once a process."""
        return cls(_why_not(device))

    def fill(self, postings: Postings, asked: Asked, columns: slice) -> Tensor:
        """Scores (Q, d) of the documents `columns`."""
        from sparsebench.search.postings_kernel import fill

        return fill(postings, asked, columns)


@lru_cache(maxsize=4)
def _why_not(device: str) -> str | None:
    return why_no_kernel(device, _agrees, "the kernel's sums are not those of the CPU")


def _agrees(device: str) -> bool:
    from sparsebench.search.postings_kernel import agrees

    return agrees(device)
