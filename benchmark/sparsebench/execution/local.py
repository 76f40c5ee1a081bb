"""Tasks in child processes of this machine, and what becomes of them when a plugin ends its process."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from multiprocessing.connection import wait
from typing import Any

from sparsebench.execution.messages import Broken, Done, Interrupted, Refused
from sparsebench.execution.supervised import Child
from sparsebench.execution.task import R, Task

LOOK = 0.5
"""Seconds between two looks at processes that say nothing."""


class ChildBroken(Exception):
    """A child raised what is ours to fix; the message is its traceback."""


class Local:
    """Keeps up to `workers` children, started when there is work. time_limit: seconds that a plugin's call may take.

    A child that dies takes the task at hand with it: another child does that task again, and the call that was being
    made raises ProcessDied there. Supervising imports neither torch nor any plugin.

    Example:
        with closing(Local(time_limit=600)) as executor:
            (planned,) = executor.map([PlanSuite(request)])
    """

    def __init__(self, *, workers: int = 1, time_limit: float | None = None) -> None:
        self.workers = workers
        self._time_limit = time_limit
        self._children: list[Child] = []
        self._died: dict[str, str] = {}

    def map(self, tasks: Sequence[Task[R]]) -> Iterator[R]:
        """The results, in the order of the tasks."""
        waiting, results = deque(range(len(tasks))), dict[int, Any]()
        at_work: dict[Child, int] = {}
        try:
            for number in range(len(tasks)):
                while number not in results:
                    self._hand_out(tasks, waiting, at_work)
                    self._listen(at_work, waiting, results)
                yield results.pop(number)
        except BaseException:
            self._stop()
            raise

    def close(self) -> None:
        """End the children, which have nothing left to do."""
        for child in self._children:
            child.close()
        self._children = []

    def _hand_out(self, tasks: Sequence[Task[R]], waiting: deque[int], at_work: dict[Child, int]) -> None:
        while waiting and len(at_work) < self.workers:
            idle = [child for child in self._children if child not in at_work]
            if not idle:
                idle = [Child()]
                self._children += idle
            at_work[idle[0]] = number = waiting.popleft()
            idle[0].begin(tasks[number], self._died)

    def _listen(self, at_work: dict[Child, int], waiting: deque[int], results: dict[int, Any]) -> None:
        """Take in what children say; of one that died, put its task back in front of all others."""
        wait([child.connection for child in at_work], timeout=LOOK)
        for child in list(at_work):
            answer = child.answer()
            if isinstance(answer, Done):
                results[at_work.pop(child)] = answer.result
            elif isinstance(answer, Refused):
                raise answer.error()
            elif isinstance(answer, Broken):
                raise ChildBroken(answer.traceback)
            elif isinstance(answer, Interrupted):
                raise KeyboardInterrupt
            elif child.is_dead or child.outlasts(self._time_limit):
                waiting.appendleft(at_work.pop(child))
                self._bury(child)

    def _bury(self, child: Child) -> None:
        self._children.remove(child)
        call, how = child.last_words(self._time_limit)
        if call is None or call.key in self._died:
            raise ChildBroken(f"a process that did the work ended outside of any plugin: {how}")
        self._died[call.key] = how

    def _stop(self) -> None:
        for child in self._children:
            child.interrupt()
        self.close()
