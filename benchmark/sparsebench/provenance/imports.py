"""Follow imports through files, without importing anything."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

from sparsebench.provenance.syntax import Reference, Syntax, read_syntax

_INIT = "__init__.py"
_INSTALLED = ("site-packages", "dist-packages")


@dataclass(frozen=True)
class Link:
    """An import as far as it is known: a name of a module that counts, or of one that does not (`module` None)."""

    module: str | None
    name: str


@dataclass(frozen=True)
class Module:
    """A file that counts. links: its imports in the order of the file, then the packages that run before it."""

    path: str
    syntax: Syntax
    links: tuple[Link, ...]


class Imports:
    """The imports of some top-level packages as they are now: each file is looked up once and read once.

    A name that an `__init__.py` only passes on is followed to the module that defines it, where that `__init__` does
    nothing but bind names: a door to many modules does not bring them all.

    own: top-level packages to follow. numberless: modules and packages not to follow.
    """

    def __init__(self, own: Iterable[str], *, numberless: Iterable[str] = ()) -> None:
        self._own = frozenset(own)
        self._numberless = frozenset(numberless)
        self._path = cache(_find)
        self._module = cache(self._read)

    def behind(self, roots: Iterable[str]) -> dict[str, Module]:
        """Name -> module, of `roots` and of all that they import, however far."""
        todo, found = list(roots), dict[str, Module]()
        while todo:
            name = todo.pop()
            if name not in found and (module := self._module(name)):
                found[name] = module
                todo += [link.module for link in module.links if link.module]
        return found

    def with_submodules(self, roots: Iterable[str]) -> list[str]:
        """Modules, and in the place of a package every module below it."""
        return [name for root in roots for name in self._with_submodules(root)]

    def _with_submodules(self, root: str) -> Iterator[str]:
        path = self._path(root)
        if path is None or os.path.basename(path) != _INIT:
            yield root
            return
        top = os.path.dirname(path)
        for folder, _, files in os.walk(top):
            parts = [root, *os.path.relpath(folder, top).split(os.sep)]
            package = ".".join(part for part in parts if part != os.curdir)
            names = [file.removesuffix(".py") for file in files if file.endswith(".py")]
            yield from (package if name == "__init__" else f"{package}.{name}" for name in names)

    def _read(self, name: str) -> Module | None:
        path = self._path(name)
        if path is None:
            return None
        syntax = read_syntax(path)
        links = [self._resolved(reference, name, path) for reference in syntax.references]
        links += [Link(package, "") for package in self._run_before(name)]
        return Module(path, syntax, tuple(links))

    def _run_before(self, name: str) -> Iterator[str]:
        """The packages around a module whose `__init__` does something."""
        package = name.rpartition(".")[0]
        while package:
            if self._path(package) and not self._door(package):
                yield package
            package = package.rpartition(".")[0]

    def _resolved(
        self, reference: Reference, importer: str, path: str, seen: frozenset[tuple[str, str]] = frozenset()
    ) -> Link:
        """The module that defines what is imported; `seen` guards against doors that lead to each other."""
        base, name = _absolute(reference, importer, path), reference.name or ""
        if not self._counts(base, importer):
            return Link(None, f"{base}:{name}")
        door = self._door(base)
        if door and name in door.reexports and (base, name) not in seen:
            return self._resolved(door.reexports[name], base, str(self._path(base)), seen | {(base, name)})
        below = f"{base}.{name}"
        if name and self._path(below):
            return Link(below, "") if self._counts(below, importer) else Link(None, name)
        return Link(base, name)

    def _door(self, name: str) -> Syntax | None:
        """The syntax of an `__init__.py` that does nothing but bind names; None for any other module."""
        path = self._path(name)
        syntax = read_syntax(path) if path and os.path.basename(path) == _INIT else None
        return syntax if syntax and syntax.only_binds_names else None

    def _counts(self, module: str, importer: str) -> bool:
        names = module.split(".")
        if any(".".join(names[:count]) in self._numberless for count in range(1, len(names) + 1)):
            return False
        return names[0] in self._own or self._lies_beside(names[0], importer.partition(".")[0])

    def _lies_beside(self, top: str, importer: str) -> bool:
        """Return whether a module lies in the folder of a plugin that is not installed, and so is the plugin's own."""
        folder = _folder(self._path(importer))
        if folder is None or folder.endswith(_INSTALLED) or not _holds(folder, top):
            return False
        return _folder(self._path(top)) == folder


def _absolute(reference: Reference, importer: str, path: str) -> str:
    if not reference.level:
        return reference.module
    package = importer if os.path.basename(path) == _INIT else importer.rpartition(".")[0]
    parents = package.split(".")
    return ".".join([*parents[: len(parents) - reference.level + 1], *filter(None, [reference.module])])


def _folder(path: str | None) -> str | None:
    """Return the folder that holds a top-level module."""
    if path is None:
        return None
    folder = os.path.dirname(path)
    return os.path.dirname(folder) if os.path.basename(path) == _INIT else folder


def _holds(folder: str, top: str) -> bool:
    return any(os.path.isfile(os.path.join(folder, *parts)) for parts in ((f"{top}.py",), (top, _INIT)))


def _find(name: str) -> str | None:
    """The file of a module; None for what is not a module, or has no file."""
    top, *below = name.split(".")
    folders, origin = _place(top)
    for folder in folders:
        place = os.path.join(folder, *below)
        for path in (os.path.join(place, _INIT), f"{place}.py"):
            if os.path.isfile(path):
                return path
    if below:
        origin = getattr(sys.modules.get(name), "__file__", None)
    return origin if origin and os.path.isfile(origin) else None


def _place(top: str) -> tuple[Sequence[str], str | None]:
    """The folders of a top-level package, or the file of a module; of the one that is imported where there is one."""
    if (module := sys.modules.get(top)) is not None:
        return tuple(getattr(module, "__path__", ())), getattr(module, "__file__", None)
    spec = find_spec(top)
    return (tuple(spec.submodule_search_locations or ()), spec.origin) if spec else ((), None)
