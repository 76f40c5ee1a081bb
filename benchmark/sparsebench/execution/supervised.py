"""One child process, as its parent sees it."""

from __future__ import annotations

import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from sparsebench.contracts.calls import Call
from sparsebench.execution.death import how_it_ended, place
from sparsebench.execution.messages import NOTHING_MORE, STOP, Begin, Broken, Done, Entered, Interrupted, Left, Refused

GRACE = 10.0
"""Seconds that a process may take to end by itself."""

TELLING = 1.0
"""Seconds that it may take to say where it hangs."""

Answer = Done | Refused | Broken | Interrupted

_PROGRAM = "import sys; sys.path[:] = {path!r}; from sparsebench.execution.child import main; main({line}, {crashes})"


class Child:
    """A process that does one task at a time. It finds packages where this one does, and ends when this one ends."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self._crashes = tempfile.TemporaryFile()  # noqa: SIM115
        lent = (theirs.fileno(), self._crashes.fileno())
        program = _PROGRAM.format(path=sys.path, line=lent[0], crashes=lent[1])
        self._process = subprocess.Popen(
            [sys.executable, *_flags(), "-c", program], pass_fds=lent, stdin=subprocess.DEVNULL
        )
        theirs.close()
        self.connection = Connection(ours.detach())
        self._calls: list[tuple[Call, float]] = []

    def begin(self, task: Any, died: Mapping[str, str]) -> None:
        """Let it do a task; a call that ended a process before raises there."""
        self._calls = []
        with suppress(OSError):  # it is dead already, which the next look will find
            self.connection.send_bytes(pickle.dumps(Begin(task, dict(died))))

    def answer(self) -> Answer | None:
        """Take in what it says; its answer, if it has come."""
        try:
            while self.connection.poll():
                message = self.connection.recv()
                if isinstance(message, Entered):
                    self._calls.append((message.call, time.monotonic()))
                elif isinstance(message, Left):
                    self._calls.pop()
                else:
                    answer: Answer = message
                    return answer
        except (EOFError, OSError):  # the end of the process closed the line
            self._process.wait(GRACE)
        return None

    @property
    def is_dead(self) -> bool:
        """True if the process has ended."""
        return self._process.poll() is not None

    def outlasts(self, time_limit: float | None) -> bool:
        """Return whether a plugin's call takes longer than it may."""
        return self._too_long(time_limit) is not None

    def last_words(self, time_limit: float | None) -> tuple[Call | None, str]:
        """The call that ended it, None outside of any; and how. One that takes too long is ended now."""
        if self.is_dead:
            call = self._calls[-1][0] if self._calls else None
            found = call, how_it_ended(self._process.returncode, self._read_crashes())
        else:
            late = self._too_long(time_limit)
            assert late is not None, "a living process is buried for being late only"
            found = late, f"it had not ended after {time_limit:g} s (--plugin-timeout){self._where_it_hangs()}"
        self._end()
        return found

    def interrupt(self) -> None:
        """Ask it to stop what it does, and wait until it has."""
        with suppress(OSError):
            self.connection.send_bytes(STOP)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)

    def close(self) -> None:
        """Tell it that there is nothing more to do, and wait until it has ended."""
        with suppress(OSError):
            self.connection.send_bytes(NOTHING_MORE)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)
        self._end()

    def _too_long(self, time_limit: float | None) -> Call | None:
        if time_limit is None:
            return None
        now = time.monotonic()
        return next((call for call, start in self._calls if call.limited and now - start > time_limit), None)

    def _where_it_hangs(self) -> str:
        self._process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + TELLING
        while not (found := place(self._read_crashes())) and time.monotonic() < deadline:
            time.sleep(0.01)
        return found

    def _read_crashes(self) -> str:
        self._crashes.seek(0)
        return self._crashes.read().decode(errors="replace")

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        self.connection.close()
        self._crashes.close()


def _flags() -> list[str]:
    """The interpreter's own switches, such as -X dev and -W error."""
    return [*subprocess._args_from_interpreter_flags()]  # type: ignore[attr-defined]
