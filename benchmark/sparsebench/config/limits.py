"""Limits on the size of a configuration, checked before it is spelled out: a few hundred bytes can name billions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import PurePath

from sparsebench.config.mistakes import Mistakes
from sparsebench.config.tree import Node

MOST_BYTES = 1_000_000
"""Of a file of a configuration."""

DEEPEST = 50
"""Mappings and lists within each other."""

MOST_VALUES = 10_000
"""Of a file, with every alias written out."""

MOST_FILES = 100
"""That a file includes, directly or not."""

MOST_POINTS = 1_000
"""Of the grids and the tunings of a list of entries."""

MOST_SPELLED_OUT = 50_000
"""Values of a list of entries, with its grids spelled out."""

MOST_CELLS = 100_000
"""Of a suite: collections x models x postprocessors."""

LONGEST_PATH = 4_096
LONGEST_NAME = 255
"""Bytes of a path and of each of its parts, as file systems have them."""


def few_enough(entries: Iterable[Node], of: str, mistakes: Mistakes) -> bool:
    """Check that entries with their grids and tunings can be spelled out; too many are a mistake at their entry."""
    points = values = 0
    for entry in entries:
        grid, tune = entry.entries.get("grid"), entry.entries.get("tune")
        points += _combinations(grid) * _combinations(tune)
        values += _spelled_out(entry, grid)
        if points > MOST_POINTS or values > MOST_SPELLED_OUT:
            count, most = (
                (f"{points:,} combinations", f"{MOST_POINTS:,}")
                if points > MOST_POINTS
                else (f"{values:,} values", f"{MOST_SPELLED_OUT:,}")
            )
            place = entry.entries.get("grid") or entry.entries.get("tune") or entry
            mistakes.add(
                place.key_at or place.at,
                f"with this, {of} are {count} to spell out, and {most} are the most; name fewer values",
            )
            return False
    return True


def _combinations(lists: Node | None) -> int:
    """Return how many choices of one value of each list there are; 1 where there is no list."""
    return math.prod(len(node.items) or 1 for node in (lists.entries if lists else {}).values())


def _spelled_out(entry: Node, grid: Node | None) -> int:
    """Return how many values the entries of a grid hold together."""
    if grid is None:
        return entry.size
    points = _combinations(grid)
    chosen = sum(points * node.size // (len(node.items) or 1) for node in grid.entries.values())
    return points * (entry.size - grid.size) + chosen


def check_cells(tree: Node, kinds: Mapping[str, int], mistakes: Mistakes) -> bool:
    """Check that a suite has no more cells than can be planned. kinds: list -> the number of its entries where the
    suite leaves it out.
    """
    counts = {
        kind: len(tree.entries[kind].items) if kind in tree.entries else default for kind, default in kinds.items()
    }
    cells = math.prod(counts.values())
    if cells > MOST_CELLS:
        product = " x ".join(f"{count:,} {kind}" for kind, count in counts.items())
        mistakes.add(tree.at, f"{product} are {cells:,} cells, and {MOST_CELLS:,} are the most; make several suites")
    return cells <= MOST_CELLS


def unusable_path(text: str) -> str | None:
    """Return why no file system takes a text as a path; None where one may."""
    if "\0" in text:
        return "a path cannot hold the character U+0000"
    longest = max((len(part.encode(errors="replace")) for part in PurePath(text).parts), default=0)
    whole = len(text.encode(errors="replace"))
    if longest > LONGEST_NAME or whole > LONGEST_PATH:
        size = f"has {whole:,} bytes, {longest:,} in one name"
        return f"{text[:40] + '…'!r} {size}; {LONGEST_PATH:,} and {LONGEST_NAME} are the most of a path"
    return None
