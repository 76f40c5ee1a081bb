"""Tasks that child processes do in tests: this module must be importable there by its name."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sparsebench.contracts.calls import ProcessDied, calling
from sparsebench.errors import SuiteError


@dataclass(frozen=True)
class Square:
    """Squares a number, after a while, and says in which process."""

    number: int
    seconds: float = 0.0

    def run(self) -> tuple[int, int]:
        time.sleep(self.seconds)
        return self.number**2, os.getpid()


@dataclass(frozen=True)
class Raise:
    """Raises what its name says."""

    what: str

    def run(self) -> None:
        if self.what == "a mistake":
            raise SuiteError("toy.yaml:1:1: a mistake")
        if self.what == "a fault of ours":
            raise KeyError("ours")
        sys.exit(0)


def end(way: str) -> None:
    """End this process, or never come back."""
    if way == "exits":
        os._exit(0)
    elif way == "exits with a code":
        os._exit(7)
    elif way == "segmentation fault":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif way == "reads what is not there":
        import ctypes

        ctypes.string_at(0)
    elif way == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif way == "hangs":
        time.sleep(600)
    elif way == "hangs in C":
        np.ones((6000, 6000)) @ np.ones((6000, 6000)) @ np.ones((6000, 6000)) @ np.ones((6000, 6000))


@dataclass(frozen=True)
class Perform:
    """Does three calls of plugins, of which one ends the process; what became of each is the result."""

    way: str
    log: Path

    def run(self) -> list[str]:
        found = []
        for name in ("before", "ends", "after"):
            try:
                with calling(f"Plugin.{name}", "the cell"):
                    self._note(name)
                    if name == "ends":
                        end(self.way)
                found.append(f"{name}: ok")
            except ProcessDied as died:
                found.append(f"{name}: {died}")
        return found

    def _note(self, name: str) -> None:
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"{name}\n")


@dataclass(frozen=True)
class EndOutside:
    """Ends the process outside of any plugin's call."""

    def run(self) -> None:
        os._exit(0)


@dataclass(frozen=True)
class Linger:
    """Writes down its process, then waits; tidies up when it is interrupted."""

    note: Path

    def run(self) -> None:
        self.note.write_text(str(os.getpid()))
        try:
            time.sleep(600)
        except KeyboardInterrupt:
            self.note.with_suffix(".tidy").touch()
            raise


@dataclass(frozen=True)
class Nested:
    """Calls within a call: without a key of their own they belong to the one around them."""

    cell: str

    def run(self) -> list[str]:
        found = []
        with calling(f"cell {self.cell}", self.cell, limited=False):
            for name in ("fit", "apply"):
                try:
                    with calling(f"Plugin.{name}"):
                        if (self.cell, name) == ("first", "fit"):
                            os._exit(0)
                    found.append("ok")
                except ProcessDied:
                    found.append("died")
        return found
