"""Describe in words how a process ended."""

from __future__ import annotations

import re
import signal
from pathlib import Path

_FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+) in (?P<function>\S+)')


def how_it_ended(code: int, crashes: str) -> str:
    """Say how a process ended, from `Popen.returncode` and what faulthandler wrote of the crash."""
    if code >= 0:
        return f"it ended the process with exit code {code}; a plugin must not, let it raise an error"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    maybe = ": did the memory run out?" if -code == signal.SIGKILL else ""
    return f"the process died of {name}{place(crashes)}{maybe}"


def place(crashes: str) -> str:
    """Return the place of a crash from faulthandler's lines, innermost first; the file's name alone, as records get
    published.
    """
    found = _FRAME.search(crashes)
    return f" at {Path(found['file']).name}:{found['line']}, in {found['function']}" if found else ""
