"""Refuse a plugin the network, and torch where nothing is loaded yet."""

from __future__ import annotations

import builtins
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.machinery import PathFinder
from typing import Any
from unittest.mock import patch

from sparsebench.testing.checks import Violation, require


@contextmanager
def no_network() -> Iterator[None]:
    """Refuse connections and name look-ups. Raises Violation if one was tried, even where the refusal was caught."""
    tried: list[str] = []

    def refuse(*asked: object, **_: object) -> None:
        tried.append(str(asked[0]))
        raise ConnectionRefusedError(f"no network during this check: {asked[0]}")

    def within(connect: Callable[[socket.socket, Any], Any]) -> Callable[[socket.socket, Any], Any]:
        def connect_within(self: socket.socket, address: Any) -> Any:
            # A socket of the machine itself, e.g. between its processes, is no network.
            if self.family in (socket.AF_INET, socket.AF_INET6):
                refuse(address)
            return connect(self, address)

        return connect_within

    with (
        patch.object(socket.socket, "connect", within(socket.socket.connect)),
        patch.object(socket.socket, "connect_ex", within(socket.socket.connect_ex)),
        patch.object(socket, "getaddrinfo", refuse),
    ):
        yield
    require(not tried, f"it asked the network for {', '.join(tried)}; only `fetch` may")


@contextmanager
def no_torch() -> Iterator[None]:
    """Raise Violation if torch is imported inside; the import itself goes through, so nothing is left half-made."""
    imported: set[str] = set()
    real = builtins.__import__

    def watch(name: str, *rest: Any, **named: Any) -> Any:
        if name.partition(".")[0] == "torch":
            imported.add(name)
        return real(name, *rest, **named)

    with patch.object(builtins, "__import__", watch):
        yield
    require(not imported, f"it imported {', '.join(sorted(imported))}; import torch where something is loaded")


def imports_torch(module: str) -> bool:
    """Return whether a fresh interpreter imports torch with `module` (or its file, where no path leads to it)."""
    top = module.partition(".")[0]
    file = getattr(sys.modules[module], "__file__", None)
    asked = module if PathFinder.find_spec(top) or file is None else file
    return _imports_torch(asked, tuple(sys.path))


@lru_cache
def _imports_torch(asked: str, path: tuple[str, ...]) -> bool:
    script = (
        f"import sys; sys.path[:] = {list(path)!r}\n"
        "from sparsebench.registry.importing import import_plugin\n"
        f"import_plugin({asked!r}); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    if done.returncode:
        raise Violation(f"it cannot be imported by a fresh interpreter:\n{done.stderr}")
    return done.stdout.split()[-1] == "True"
