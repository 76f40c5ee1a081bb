"""`include:`: a file and all that it includes, merged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from sparsebench.config.interpolate import interpolate
from sparsebench.config.mistakes import Mistakes
from sparsebench.config.source import read_source
from sparsebench.config.tree import Node
from sparsebench.errors import SuiteError

Find = Callable[[str, Path], Path]
"""What `include:` names, seen from a folder -> the file; raises SuiteError that says what there is."""


def find_file(name: str, folder: Path) -> Path:
    """Find an included file by its path alone, relative to the including file's folder."""
    path = folder / name
    if not path.is_file():
        raise SuiteError(f"there is no file {path}")
    return path


def read_with_includes(
    path: Path,
    environ: Mapping[str, str],
    mistakes: Mistakes,
    find: Find = find_file,
    including: tuple[Path, ...] = (),
) -> Node:
    """Read a file and all that it includes: lists come one after the other, for the rest it wins itself."""
    suite = read_source(path, mistakes)
    include = suite.entries.get("include")
    if include is None:
        return suite
    trail = (*including, path.resolve())
    merged = replace(suite, value={})
    for each in include.items or (include,):
        if found := _find(each, path.parent, environ, mistakes, find, trail):
            merged = _merge(merged, read_with_includes(found, environ, mistakes, find, trail))
    return _merge(merged, suite.without("include"))


def _find(
    node: Node,
    folder: Path,
    environ: Mapping[str, str],
    mistakes: Mistakes,
    find: Find,
    trail: tuple[Path, ...],
) -> Path | None:
    name = interpolate(node, environ, mistakes).text
    if name is None:
        mistakes.add(node.at, "'include' should be the path or the name of a suite, or a list of them")
        return None
    try:
        found = find(name, folder)
    except SuiteError as error:
        mistakes.add(node.at, str(error))
        return None
    if found.resolve() in trail:
        mistakes.add(node.at, f"{name} includes itself: {' -> '.join(path.name for path in (*trail, found))}")
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
