"""Messages between a supervised process and its parent. Both are this program; nobody else holds the line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sparsebench import errors
from sparsebench.contracts.calls import Call
from sparsebench.errors import SparsebenchError


@dataclass(frozen=True)
class Begin:
    """The parent's: do a task. died: key of a call -> how it ended a process."""

    task: Any
    died: Mapping[str, str]


@dataclass(frozen=True)
class Entered:
    """A call of a plugin begins."""

    call: Call


@dataclass(frozen=True)
class Left:
    """The call begun last is over."""


@dataclass(frozen=True)
class Done:
    """The task is done."""

    result: Any


@dataclass(frozen=True)
class Refused:
    """The task raised what a user can fix. kind: name of the error in `sparsebench.errors`."""

    message: str
    kind: str = "SparsebenchError"

    def error(self) -> SparsebenchError:
        """Return an equal error, without anything of a plugin that it came from."""
        made: SparsebenchError = getattr(errors, self.kind)(self.message)
        return made


@dataclass(frozen=True)
class Broken:
    """The task raised what is ours to fix."""

    traceback: str


@dataclass(frozen=True)
class Interrupted:
    """Somebody ended the process with SIGTERM."""


STOP, NOTHING_MORE = b"stop", b""
"""The parent's, in place of a task: raise KeyboardInterrupt in what is being done; end when it is done."""

Message = Entered | Left | Done | Refused | Broken | Interrupted
