"""Words and places of what commands print."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from sparsebench.disclosure.visible import shown
from sparsebench.store import write_atomically


def echo(text: object = "", *, err: bool = False, nl: bool = True) -> None:
    """Print a text that may hold what others wrote: its control characters are shown, not obeyed."""
    click.echo(shown(str(text)), err=err, nl=nl)


def write_or_print(text: str, output: Path | None) -> None:
    """Write to the file that `--output` names, print where it names none."""
    if output is None:
        echo(text, nl=not text.endswith("\n"))
    else:
        write_atomically(output, text if text.endswith("\n") else text + "\n")
        echo(f"written: {output}")


def count(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun in the right form.

    >>> count(1, "query", "queries"), count(2, "query", "queries")
    ('1 query', '2 queries')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def size_of(paths: Iterable[Path]) -> int:
    """Bytes of all files below some folders."""
    return sum(file.stat().st_size for path in paths for file in path.rglob("*") if file.is_file())


def mebibytes(size: int) -> str:
    """Bytes as MiB with one digit.

    >>> mebibytes(3 * 2**19)
    '1.5'
    """
    return f"{size / 2**20:.1f}"
