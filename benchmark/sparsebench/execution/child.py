"""The supervised process: does tasks as they come, tells its parent of every call of a plugin, and ends with it."""

from __future__ import annotations

import faulthandler
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from queue import SimpleQueue
from types import FrameType

from sparsebench import errors
from sparsebench.contracts.calls import Call, Interruption, ProcessDied, listen
from sparsebench.errors import SparsebenchError, plain_warnings, words
from sparsebench.execution.messages import (
    NOTHING_MORE,
    STOP,
    Begin,
    Broken,
    Done,
    Entered,
    Interrupted,
    Left,
    Message,
    Refused,
)

TELL_WHERE = signal.SIGUSR1
"""What the parent sends to learn where a call hangs."""


def main(line: int, crashes: int) -> None:
    """Do the tasks that come over the socket `line` until it closes. crashes: a file for the place of a crash."""
    faulthandler.enable(crashes, all_threads=False)
    faulthandler.register(TELL_WHERE, crashes, all_threads=False)
    # A terminal interrupts the whole group of processes: the parent decides what becomes of it, and sends SIGTERM.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    signal.signal(signal.SIGTERM, _interrupt)
    plain_warnings()
    connection = Connection(line)
    inbox: SimpleQueue[bytes | None] = SimpleQueue()
    reader = (Connection(os.dup(line)), inbox, threading.get_ident())
    threading.Thread(target=_read, args=reader, daemon=True).start()
    announcer = Announcer(connection)
    listen(announcer)
    try:
        while (received := inbox.get()) is not None:
            connection.send(_answer(received, announcer))
    except KeyboardInterrupt:
        connection.send(Interrupted())


class Announcer:
    """Tells the parent of calls. died: key of a call -> how it ended a process."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._open: list[str] = []
        self.died: Mapping[str, str] = {}

    def enter(self, name: str, key: Sequence[str], *, limited: bool) -> None:
        """A call begins; raises ProcessDied for one that ended a process before."""
        whole = "\n".join([name, *key] if key else [*self._open[-1:], name])
        if whole in self.died:
            raise ProcessDied(f"{name}: {self.died[whole]}")
        self._connection.send(Entered(Call(name, whole, limited)))
        self._open.append(whole)

    def leave(self) -> None:
        """The call begun last is over."""
        self._open.pop()
        self._connection.send(Left())


def _answer(received: bytes, announcer: Announcer) -> Message:
    try:
        begin: Begin = pickle.loads(received)
        announcer.died = begin.died
        return Done(begin.task.run())
    except SparsebenchError as error:
        return Refused(words(error), _public(type(error)))
    except KeyboardInterrupt:
        raise
    except BaseException:
        return Broken(traceback.format_exc())


def _public(kind: type[SparsebenchError]) -> str:
    """The name of the nearest error that the parent knows: it imports no plugin, which may have errors of its own."""
    return next(each.__name__ for each in kind.__mro__ if each.__name__ in errors.__all__)


def _read(connection: Connection, inbox: SimpleQueue[bytes | None], main_thread: int) -> None:
    """Pass on what comes, and end the process at once with its parent: nobody waits for its results any more."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})  # they would not wake the main thread
    try:
        while (received := connection.recv_bytes()) != NOTHING_MORE:
            if received == STOP:
                signal.pthread_kill(main_thread, signal.SIGTERM)
            else:
                inbox.put(received)
    except (EOFError, OSError):
        os._exit(1)
    inbox.put(None)


def _interrupt(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # once is enough: what follows tidies up
    raise Interruption
