"""`include:`: a file and all that it includes, merged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from sparsebench.config.interpolate import interpolate
from sparsebench.config.limits import MOST_FILES, unusable_path
from sparsebench.config.mistakes import Mistakes
from sparsebench.config.source import read_source
from sparsebench.config.tree import Node
from sparsebench.errors import SuiteError

Find = Callable[[str, Path], Path]
"""What `include:` names, seen from a folder -> the file; raises SuiteError that says what there is."""


def find_file(name: str, folder: Path) -> Path:
    """Find an included file by its path alone, relative to the including file's folder."""
    if wrong := unusable_path(name):
        raise SuiteError(wrong)
    path = folder / name
    if not path.is_file():
        raise SuiteError(f"there is no file {path}")
    return path


def read_with_includes(path: Path, environ: Mapping[str, str], mistakes: Mistakes, find: Find = find_file) -> Node:
    """Read a file and all that it includes: lists come one after the other, for the rest it wins itself.

    A file that is included on several ways is read once. Raises SuiteError for more than `MOST_FILES` of them.
    """
    return _Reading(environ, mistakes, find).read(path, ())


class _Reading:
    def __init__(self, environ: Mapping[str, str], mistakes: Mistakes, find: Find) -> None:
        self._environ, self._mistakes, self._find_file = environ, mistakes, find
        self._read: dict[Path, Node] = {}

    def read(self, path: Path, including: tuple[Path, ...]) -> Node:
        trail = (*including, path.resolve())
        if trail[-1] not in self._read:
            if len(self._read) + len(including) >= MOST_FILES:
                raise SuiteError(f"{path}: it is the file number {MOST_FILES + 1} that is included; that is too many")
            self._read[trail[-1]] = self._merged(read_source(path, self._mistakes), path.parent, trail)
        return self._read[trail[-1]]

    def _merged(self, suite: Node, folder: Path, trail: tuple[Path, ...]) -> Node:
        include = suite.entries.get("include")
        if include is None:
            return suite
        merged = replace(suite, value={})
        for each in include.items or (include,):
            if found := self._find(each, folder, trail):
                merged = _merge(merged, self.read(found, trail))
        return _merge(merged, suite.without("include"))

    def _find(self, node: Node, folder: Path, trail: tuple[Path, ...]) -> Path | None:
        name = interpolate(node, self._environ, self._mistakes).text
        if name is None:
            self._mistakes.add(node.at, "'include' should be the path or the name of a suite, or a list of them")
            return None
        try:
            found = self._find_file(name, folder)
        except SuiteError as error:
            self._mistakes.add(node.at, str(error))
            return None
        if found.resolve() in trail:
            names = " -> ".join(path.name for path in (*trail, found))
            self._mistakes.add(node.at, f"{name} includes itself: {names}")
            return None
        return found


def _merge(base: Node, over: Node) -> Node:
    lists = {key: _concatenate(base.entries[key], node) for key, node in over.entries.items() if key in base.entries}
    return replace(over, value={**base.entries, **over.entries, **lists})


def _concatenate(base: Node, over: Node) -> Node:
    if not (isinstance(base.value, tuple) and isinstance(over.value, tuple)):
        return over
    # An entry that two suites share, as `none` or a collection included on two ways, is meant once.
    there = [item.plain() for item in base.items]
    return replace(over, value=(*base.items, *(item for item in over.items if item.plain() not in there)))
