"""File names in the order a person counts them."""

from __future__ import annotations

import re
from pathlib import Path


def natural(path: Path) -> tuple[tuple[int, int, str], ...]:
    """A key for sorting: frame2 comes before frame10."""
    return tuple((0, int(part), part) if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", path.stem))
