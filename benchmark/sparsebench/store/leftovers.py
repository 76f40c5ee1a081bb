"""Temporary names that say whose they are, so that what a kill left behind is told from what is being written."""

from __future__ import annotations

import os
import re
import shutil
import socket
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

OLD = 24 * 3600.0
"""Seconds after which a leftover of another host, of which nothing can be known, counts as dead."""

_NAME = re.compile(r"\.(?:writing|removing)-(?:(?P<host>[^-]+(?:-[^-]+)*)-(?P<pid>\d+)-)?")


def name(action: str) -> str:
    """The beginning of a temporary name: `.writing-HOST-PID-`."""
    return f".{action}-{socket.gethostname()}-{os.getpid()}-"


def is_dead(path: Path) -> bool:
    """Return whether the process that made a temporary file or folder is gone."""
    found = _NAME.match(path.name)
    if found is None:
        return False
    if found["host"] == socket.gethostname():
        return not _lives(int(found["pid"]))
    try:
        return time.time() - path.stat().st_mtime > OLD
    except OSError:
        return False


def sweep(root: Path, *, also: Iterable[Path] = (), levels: int = 2) -> int:
    """Delete dead leftovers below `root`, and all of `also`; return how many bytes that freed.

    levels: of folders that are looked into, the root the first.
    """
    hidden = (path for level in range(levels) for path in root.glob("*/" * level + ".*"))
    found = [path for path in hidden if is_dead(path)] + [path for path in also if path.exists()]
    freed = sum(_size(path) for path in found)
    for path in found:
        with suppress(OSError):  # read-only, or another process was faster
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    return freed


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    sizes = 0
    for file in files:
        with suppress(OSError):  # another process was faster
            sizes += file.lstat().st_size
    return sizes
