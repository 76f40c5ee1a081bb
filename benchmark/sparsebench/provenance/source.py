"""The source a plugin is made of, so that what it computed is not taken for the work of its next version."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from sparsebench.provenance.digests import digest, sha256


def plugin_digest(module: str) -> str:
    """SHA-256 over the source of an imported module and of all that it imports from its own top-level package.

    A package counts with every `.py` file below it. Names and bytes count, the place on the disk does not. Other
    packages do not count: the record holds their versions.
    """
    return digest({name: sha256(path) for name, path in _sources(module).items()})


def _sources(module: str) -> dict[str, Path]:
    todo, found = [module, *_submodules(module)], dict[str, Path]()
    while todo:
        name = todo.pop()
        path = _file(name)
        if path is None or name in found:
            continue
        found[name] = path
        if path.suffix == ".py":
            todo += _imports(name, path)
    return found


def _submodules(module: str) -> Iterator[str]:
    path = _file(module)
    if path is None or path.name != "__init__.py":
        return
    for below in path.parent.rglob("*.py"):
        parts = below.relative_to(path.parent).with_suffix("").parts
        yield ".".join([module, *parts]).removesuffix(".__init__")


def _imports(name: str, path: Path) -> Iterator[str]:
    """Modules of the same top-level package that `path` imports, inside functions too."""
    top, package = name.partition(".")[0], name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_bytes(), path)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = _imported_from(node, package)
        else:
            continue
        yield from (imported for imported in names if imported.partition(".")[0] == top)


def _imported_from(node: ast.ImportFrom, package: str) -> list[str]:
    """`from a.b import c` reads module a.b.c if there is one; if not, c is a name inside module a.b."""
    parents = package.split(".")
    relative = parents[: len(parents) - node.level + 1] if node.level else []
    base = ".".join([*relative, *([node.module] if node.module else [])])
    names = [f"{base}.{alias.name}" for alias in node.names]
    return [name if _file(name) else base for name in names]


def _file(name: str) -> Path | None:
    """The file of a module, found without importing it; None for what is not a module, or has no file."""
    top, *below = name.split(".")
    root = sys.modules.get(top)
    for folder in getattr(root, "__path__", ()):
        place = Path(folder, *below)
        for path in (place / "__init__.py", place.with_suffix(".py")):
            if path.is_file():
                return path
    origin = getattr(sys.modules.get(name), "__file__", None)
    return Path(origin) if origin else None
