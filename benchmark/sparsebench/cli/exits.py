"""Exit codes of the command."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the process; `sparsebench --help` says the same.

    OK: also when nothing was left to do. FAILED_CELLS: something asked for failed or differs (a cell, a check).
    INTERRUPTED: Ctrl-C or SIGTERM. INTERNAL: an error of sparsebench itself. USAGE: a mistake that the user can fix.
    """

    OK = 0
    FAILED_CELLS = 1
    INTERRUPTED = 2
    INTERNAL = 3
    USAGE = 4
