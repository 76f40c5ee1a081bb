"""Start the command `sparsebench`, or name the file of somebody else's that Python takes for it.

A module of its own, because what is called `sparsebench` may be that other file.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

OURS = Path("cli", "exits.py")
"""Lies in our package and hardly in another; where this file lies says nothing, an editable install copies it."""

USAGE = 4


def main() -> None:
    """Run the command; exit with a sentence where another `sparsebench` comes first on the path."""
    spec = find_spec("sparsebench")  # finds, and runs nothing
    found = Path(spec.origin) if spec and spec.origin else None
    if found and not (found.parent / OURS).is_file():
        folder = found.parents[1] if found.name == "__init__.py" else found.parent
        print(f"{found} hides the package sparsebench: rename it, or take {folder} from PYTHONPATH", file=sys.stderr)
        sys.exit(USAGE)
    from sparsebench.cli import main as command

    command()
