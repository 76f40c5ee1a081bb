"""The table of the campaign, as docs/reliability.md has it."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

COLUMNS = ("injected", "survived", "lost", "wrong", "traceback", "hang")
HEAD = """\
# Reliability

`make torture` breaks a small suite in every way below and counts; this page is what it wrote, never edited by hand.
*Survived*: nothing lost, nothing wrong, no traceback, no hang. *Lost*: the same command, given again, does not make it
again. *Wrong*: another result than an undisturbed run has, or damage that nothing notices. An injection counts in each
column that it earned.
"""
NOT_RUN = """\
## Not run

* Other Pythons than {python}, and other systems than {system}.
* A real GPU: all of this is on the CPU, and a device that fails while it computes is not among the faults.
* Power failures: a kill leaves the page cache whole, and no test cuts the power under `fsync`.
* Network file systems, whose renames and locks are their own.
* A memory limit halved in steps is not a row of the table, and a suite of 200,000 documents was not run under one.
* `atheris`: the mutations here are seeded and blind, and no coverage guides them.
"""


def page(done: Sequence[Mapping[str, Any]], faults: Iterable[tuple[str, int]]) -> str:
    """The whole page. faults: name -> how many injections it plans."""
    rows, missing = [], []
    for name, wanted in faults:
        of = [each for each in done if each["fault"] == name]
        made = [each for each in of if not each["not_run"]]
        rows.append([name, *(f"{sum(each[column] for each in made):,}" for column in COLUMNS)])
        missing += [f"* {name}: {reason}" for reason in sorted({each["not_run"] for each in of if each["not_run"]})]
        if len(of) < wanted:
            missing.append(f"* {name}: {wanted - len(of)} of {wanted} rounds were not reached in the time there was.")
    total = [f"{sum(each[column] for each in done if not each['not_run']):,}" for column in COLUMNS]
    table = _table(("fault", "injected", "survived", "lost", "wrong", "tracebacks", "hangs"), [*rows, ["all", *total]])
    where = f"Commit {_commit()}, {_machine()}."
    left = NOT_RUN.format(python=platform.python_version(), system=platform.system())
    return "\n".join([HEAD, where, "", table, "", left + "\n".join(missing)]).rstrip() + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _commit() -> str:
    found = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


def _machine() -> str:
    cores = len(__import__("os").sched_getaffinity(0)) if sys.platform == "linux" else "?"
    python = platform.python_version()
    return f"{platform.system()} {platform.machine()}, {cores} cores, Python {python}, torch {version('torch')}"
