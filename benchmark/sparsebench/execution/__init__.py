"""Run tasks in this process, or in children that are supervised.

A task is a frozen dataclass that pickles, names what it needs by value and finds the rest in the store or beside the
suite: it can run in any process that has the same packages and sees the same files. To run tasks elsewhere (on several
devices, on a cluster), write a module here with a class that has `workers`, `map` and `close` as `Executor` describes
them; tasks and the pipeline stay as they are.
"""

from sparsebench.execution.here import Here
from sparsebench.execution.local import Local
from sparsebench.execution.suite import run_suite
from sparsebench.execution.task import Executor, Task

__all__ = ["Executor", "Here", "Local", "Task", "run_suite"]
