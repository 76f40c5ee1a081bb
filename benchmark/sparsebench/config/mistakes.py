"""Mistakes in a configuration, each with its place, reported all at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sparsebench.disclosure.privacy import without_values
from sparsebench.errors import SuiteError


@dataclass(frozen=True, order=True)
class Position:
    """A place in a suite file, lines and columns counted from 1; or an override on the command line (line 0)."""

    where: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.where}:{self.line}:{self.column}" if self.line else self.where

    @property
    def folder(self) -> Path:
        """Folder that relative paths start from: the suite file's, or the working directory for an override."""
        return Path(self.where).parent if self.line else Path()


@dataclass
class Mistakes:
    """Collects mistakes, so that one reading of a suite names them all."""

    found: set[tuple[Position, str]] = field(default_factory=set)

    def add(self, position: Position, message: str) -> None:
        """Note a mistake; the same one twice, as a grid repeats it, is one."""
        self.found.add((position, message))

    def raise_if_any(self) -> None:
        """Raise SuiteError with a line for each, in the order of the file."""
        if self.found:
            lines = "\n".join(f"{position}: {message}" for position, message in sorted(self.found))
            raise SuiteError(without_values(lines))
