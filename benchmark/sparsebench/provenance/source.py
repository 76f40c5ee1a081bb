"""Name the code behind a result, so that what one version computed is not taken for the work of another.

The digest of a module is that of its syntax and of every module of its own packages that it imports, however far. So
neither what a comment or a docstring says counts, nor what a module is called or where it lies.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import sys
from collections.abc import Mapping
from functools import lru_cache

from sparsebench.contracts.hookspecs import PROJECT
from sparsebench.provenance.entries import module_of
from sparsebench.provenance.imports import Imports, Module
from sparsebench.provenance.numberless import NUMBERLESS

HARNESS = __name__.partition(".")[0]


def code_digest(*roots: str) -> str:
    """SHA-256 over the code of modules and of all that they import from the harness and from plugins.

    A package among `roots` counts with every module below it. Modules that hold no numbers (see `numberless`) do not
    count, nor do other libraries: keys hold their versions. Modules are read, never imported, and once in a process:
    what runs is what was imported, whatever an editor saves meanwhile.

    Example: `code_digest("sparsebench.rank")` changes with `sparsebench.rank.topk` and with `sparsebench.types`.
    """
    return _code_digest(roots, _places(roots))


def forget_code() -> None:
    """Have files read again, for tests that change them."""
    _code_digest.cache_clear()
    _imports.cache_clear()
    _plugin_packages.cache_clear()


@lru_cache(maxsize=1024)
def _code_digest(roots: tuple[str, ...], places: frozenset[tuple[str, str]]) -> str:
    imports = _imports(places)
    names = imports.with_submodules(roots)
    digests = _digests(imports.behind(names))
    return _sha256(*sorted(digests[name] for name in names if name in digests), *sorted(set(digests.values())))


def modules_behind(*roots: str) -> dict[str, Module]:
    """Name -> module, of all whose code counts in `code_digest(*roots)`."""
    imports = _imports(_places(roots))
    return imports.behind(imports.with_submodules(roots))


def _places(roots: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    """The top-level packages that count and where they lie: two plugins of one name are two."""
    tops = {HARNESS, *(root.partition(".")[0] for root in roots), *_plugin_packages(tuple(sys.path))}
    modules = {top: sys.modules.get(top) for top in tops}
    return frozenset((top, str(getattr(module, "__path__", module))) for top, module in modules.items())


@lru_cache(maxsize=64)
def _imports(places: frozenset[tuple[str, str]]) -> Imports:
    return Imports([top for top, _ in places], numberless=NUMBERLESS)


@lru_cache(maxsize=8)
def _plugin_packages(path: tuple[str, ...]) -> frozenset[str]:
    """Top-level packages of the installed plugins: one may import another."""
    modules = map(module_of, importlib.metadata.entry_points(group=PROJECT))
    return frozenset(module.partition(".")[0] for module in modules if module is not None)


def _digests(modules: Mapping[str, Module]) -> dict[str, str]:
    """Name -> digest of a module's code and of the code that each of its imports leads to.

    Imports go in circles, so modules are told apart in rounds (colour refinement): a round mixes into each the digests
    that the round before gave to what it imports, until no round tells more modules apart. All digests together then
    say what every module is linked to, and no name or path has been used.
    """
    digests, apart = {name: module.syntax.code for name, module in modules.items()}, 0
    while len(set(digests.values())) > apart:
        apart = len(set(digests.values()))
        digests = {name: _mixed(module, digests) for name, module in modules.items()}
    return digests


def _mixed(module: Module, digests: Mapping[str, str]) -> str:
    links = (f"{digests.get(link.module, '') if link.module else ''} {link.name}" for link in module.links)
    return _sha256(module.syntax.code, *links)


def _sha256(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
