"""Names of cells, and the patterns that choose among them: the one rule behind every `--only`."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence


def cell_name(collection: str, model: str, postprocessor: str) -> str:
    """Return a cell's name in commands: its three labels, `collection/model/postprocessor`."""
    return "/".join((collection, model, postprocessor))


def matches(collection: str, model: str, postprocessor: str, patterns: Sequence[str]) -> bool:
    """Return whether a cell is chosen: a pattern may be any of its labels or its whole name, with `*`; no pattern
    chooses all.
    """
    names = (collection, model, postprocessor, cell_name(collection, model, postprocessor))
    # A label of a grid has brackets, which a pattern reads as a set of characters.
    found = (name == pattern or fnmatch.fnmatchcase(name, pattern) for name in names for pattern in patterns)
    return not patterns or any(found)
