"""Announce each call of a plugin, so that whoever supervises this process knows what it was doing when it died.

Nobody listens unless the process is supervised (`sparsebench.execution.local`): then the parent learns of each call
before it is made. A call that killed a process is not made again: it raises, like any other failure of that plugin.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

from sparsebench.errors import ContractError, PluginError


class ProcessDied(PluginError):
    """A call ended the process, or had to be ended with it, the last time that it was made."""


class Interruption(KeyboardInterrupt):
    """The user's own, passed on by the parent: no plugin raises this one."""


@dataclass(frozen=True)
class Call:
    """Description of a call that is about to happen.

    name: for messages, e.g. `Sinkhorn.fit`.
    key: the same in a process that does the same once more; another for what should be tried whatever became of this.
    limited: whether a time limit holds for it: it does for a plugin's own code, not for a whole cell.
    """

    name: str
    key: str
    limited: bool = True


class Listener(Protocol):
    """Receiver of notices of calls."""

    def enter(self, name: str, key: Sequence[str], *, limited: bool) -> None:
        """A call begins; raises ProcessDied for one that ended a process before."""
        ...

    def leave(self) -> None:
        """The call begun last is over."""
        ...


# A context variable: a call in another thread of the plugin's own is a part of the call that began it.
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def listen(listener: Listener) -> None:
    """Tell `listener` of all calls made in this context from now on."""
    _listener.set(listener)


@contextmanager
def calling(name: str, *key: str, limited: bool = True) -> Iterator[None]:
    """Announce a call. key: what tells it from others of that name; without one it is a part of the call around it.

    Raises ProcessDied where it ended a process before, and ContractError for what a plugin raised that would end the
    process: a KeyboardInterrupt that is not the user's, or a BaseException of its own.

    Example:
        with calling("words+mine on fruit", cell.key, limited=False), calling("Mine.fit"):
            state = method.fit(blocks, context)
    """
    listener = _listener.get()
    if listener is None:
        yield
        return
    listener.enter(name, key, limited=limited)
    try:
        yield
    except (Exception, SystemExit, GeneratorExit, Interruption):
        raise
    except BaseException as error:
        found = f"it raised {type(error).__name__}, which would end the process"
        raise ContractError(name, "raises exceptions", found) from error
    finally:
        listener.leave()
