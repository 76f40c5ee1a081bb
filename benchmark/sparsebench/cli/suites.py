"""`sparsebench suites`."""

from __future__ import annotations

import os
from pathlib import Path

import click
from tabulate import tabulate

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import example
from sparsebench.cli.output import echo
from sparsebench.config.include import read_with_includes
from sparsebench.config.mistakes import Mistakes
from sparsebench.errors import SuiteError
from sparsebench.suite import find_suite, list_suites

WORDS = 14


@click.command("suites", epilog=example("sparsebench suites", "sparsebench plan quickstart"))
def command() -> int:
    """List the suites that have a name: here, in ./suites, and those that come with sparsebench."""
    rows = [[name, str(path), _about(path)] for name, path in sorted(list_suites().items())]
    echo(tabulate(rows, ["suite", "file", "about"], tablefmt="github"))
    return Exit.OK


def _about(path: Path) -> str:
    """The first words of its description; a recipe of trainings and a file with mistakes say what they are."""
    try:
        entries = read_with_includes(path, os.environ, Mistakes(), find_suite).entries
    except SuiteError as error:
        return f"cannot be read: {error}"
    if "collections" not in entries:
        return "a part that other suites include" if "loss" not in entries else "a recipe of trainings"
    words = str(entries["description"].text if "description" in entries else "").split()
    return " ".join(words[:WORDS]) + ("…" if len(words) > WORDS else "")
