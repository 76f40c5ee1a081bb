"""Reading files line by line, and telling a user all that is wrong with them at once."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from sparsebench.errors import CollectionError, SparsebenchError

SHOWN = 10

LONGEST_LINE = 1 << 26
"""Bytes."""

T = TypeVar("T")


class Mistakes:
    """Mistakes in some files: a context that raises, at its end, one error that names the first ten mistakes.

    kind: the class of that error.
    """

    def __init__(self, kind: type[SparsebenchError] = CollectionError) -> None:
        self._kind = kind
        self._shown: list[str] = []
        self._count = 0

    def add(self, where: str, what: str) -> None:
        """Note a mistake; `where` is `file:line` where there is a file."""
        self._count += 1
        if self._count <= SHOWN:
            self._shown.append(f"{where}: {what}")

    def __enter__(self) -> Mistakes:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None and self._count:
            more = [f"… and {self._count - SHOWN} more"] if self._count > SHOWN else []
            raise self._kind("\n".join(self._shown + more))


def existing(folder: Path, name: str) -> Path | None:
    """`folder/name`, or the same with `.gz`, whichever exists; the plain file first."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def parse_lines(
    path: Path, parse: Callable[[str], T], mistakes: Mistakes, *, kind: type[SparsebenchError] = CollectionError
) -> Iterator[tuple[int, T]]:
    """Yield the number of each line of a UTF-8 file (plain or `.gz`), from 1, and what `parse` makes of it.

    A line for which `parse` raises ValueError, or that is not UTF-8, becomes a mistake and the next one is read. Blank
    lines at the end are none.
    Raises `kind` when the file cannot be read.
    """
    for number, raw in _raw_lines(path, kind):
        if (at := raw.find(b"\r")) >= 0:
            bad = "a line ends with CR alone; convert the file, e.g. `tr '\\r' '\\n' < old > new`"
            mistakes.add(f"{path}:{number}:{at + 1}", bad)
            continue
        try:
            parsed = parse(raw.decode())
        except UnicodeDecodeError as error:
            bad = f"byte 0x{raw[error.start]:02x} is not UTF-8; convert the file"
            mistakes.add(f"{path}:{number}:{error.start + 1}", bad)
        except ValueError as error:
            mistakes.add(f"{path}:{number}", str(error))
        else:
            yield number, parsed


def _raw_lines(path: Path, kind: type[SparsebenchError]) -> Iterator[tuple[int, bytes]]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            blank: list[int] = []
            for number, line in enumerate(iter(lambda: lines.readline(LONGEST_LINE + 1), b""), start=1):
                if len(line) > LONGEST_LINE:  # also what a few bytes of gzip unpack to
                    raise kind(f"{path}:{number}: the line is longer than {LONGEST_LINE:,} bytes")
                # Only \n ends a line: str.splitlines would also cut at U+2028 inside a text.
                text = line.rstrip(b"\r\n")
                if not text.strip():
                    blank.append(number)  # an editor's last line, unless more follows
                    continue
                yield from ((earlier, b"") for earlier in blank)
                blank = []
                yield number, text.removeprefix(codecs.BOM_UTF8) if number == 1 else text
    except (OSError, EOFError, zlib.error) as error:
        raise kind(f"{path}: cannot be read: {error}") from error
