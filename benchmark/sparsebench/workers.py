"""Threads for compiled loops that let go of Python's lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

__all__ = ["Team", "in_threads", "in_torch_threads", "workers"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def workers() -> int:
    """Return the number of threads that may work: OMP_NUM_THREADS where it is set, as for torch, else the cores of this
    process.
    """
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Team:
    """A fixed number of threads, kept for as long as the `with` lasts; one works in the caller's own.

    Example:
        >>> with Team(2) as team:
        ...     team.map(abs, [-1, 2, -3])
        [1, 2, 3]
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._pool = ThreadPoolExecutor(size) if size > 1 else None

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Return [function(item) for item in items], several at once; raises the first exception."""
        return list((self._pool.map if self._pool else map)(function, items))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._pool:
            self._pool.shutdown()


def in_threads(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Apply a function to items with as many threads as may work; results in the order of the items."""
    items = list(items)
    with Team(max(1, min(workers(), len(items)))) as team:
        return team.map(function, items)


def in_torch_threads(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Apply a function that calls torch to items, each on one thread of torch, which would else divide every call.

    Many short calls divided among the cores wait for each other after each, and long for one that is busy elsewhere.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)  # what a new thread takes for its own number when it starts
    try:
        return in_threads(function, items)
    finally:
        torch.set_num_threads(before)
