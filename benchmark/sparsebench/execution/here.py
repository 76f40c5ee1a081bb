"""Tasks in this process: for debuggers, and where nothing may be started."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sparsebench.execution.task import R, Task


class Here:
    """Executor in this process that does one task after the other; a plugin that ends the process ends all.

    Example: `list(Here().map([PlanSuite(request)]))`.
    """

    workers = 1

    def map(self, tasks: Sequence[Task[R]]) -> Iterator[R]:
        """The results, in the order of the tasks."""
        return (task.run() for task in tasks)

    def close(self) -> None:
        """Release nothing, as nothing is held."""
