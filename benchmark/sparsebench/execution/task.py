"""A task, and the interface of executors that carry it out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

R = TypeVar("R")
Result = TypeVar("Result", covariant=True)


class Task(Protocol[Result]):
    """A piece of work; it pickles, and so does what it returns. Doing it twice does no harm."""

    def run(self) -> Result:
        """Do the task. Raises SparsebenchError for what a user can fix."""
        ...


class Executor(Protocol):
    """Means to do tasks, here or in other processes.

    workers: how many tasks it does at once; work is worth splitting for more than one.

    Example: `with closing(Local()) as executor: results = list(executor.map(tasks))`.
    """

    @property
    def workers(self) -> int:
        """Number of tasks that it does at once."""
        ...

    def map(self, tasks: Sequence[Task[R]]) -> Iterator[R]:
        """The results, in the order of the tasks.

        A plugin that ends a process fails alone: its task is done again without that call. Raises what a task raises,
        SparsebenchError among them, and KeyboardInterrupt after all work has been stopped.
        """
        ...

    def close(self) -> None:
        """Let go of processes and devices."""
        ...
