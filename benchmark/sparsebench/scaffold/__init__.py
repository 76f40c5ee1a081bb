"""Write a new plugin as a complete package, from the templates in this folder."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Literal, get_args

from sparsebench.contracts.hookspecs import API_VERSION
from sparsebench.errors import SparsebenchError
from sparsebench.store import write_atomically

PluginKind = Literal["model", "postprocessor", "analyzer", "collection"]
KINDS: tuple[PluginKind, ...] = get_args(PluginKind)

TEMPLATES = Path(__file__).parent
SUFFIX = ".template"


def write_package(kind: PluginKind, name: str, into: Path) -> Path:
    """Write the package of a new plugin into a folder `sparsebench-NAME` below `into`, and return that folder.

    name: as suites will write it, e.g. `my_method`. It passes its own tests as it stands. Raises SparsebenchError for
    a name that is no lower-case identifier, and where the folder exists.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        raise SparsebenchError(
            f"a plugin cannot be called {name!r}: its name is made of lower-case letters, digits and single "
            "underscores, and begins with a letter, e.g. my_method"
        )
    words = _words(name)
    folder = into / words["distribution"]
    if folder.exists():
        raise SparsebenchError(f"{folder} exists already. Choose another name, or another folder with --into")
    for path, template in _templates(kind):
        write_atomically(folder / path.replace("MODULE", words["module"]), Template(template).substitute(words))
    return folder


def _words(name: str) -> Mapping[str, str]:
    """Return the words that templates may name."""
    return {
        "name": name,
        "class_name": "".join(word.capitalize() for word in name.split("_")),
        "distribution": f"sparsebench-{name.replace('_', '-')}",
        "module": f"sparsebench_{name}",
        "version": importlib.metadata.version("sparsebench"),
        "api_version": str(API_VERSION),
    }


def _templates(kind: PluginKind) -> Iterator[tuple[str, str]]:
    """Paths and texts; `MODULE` in a path stands for the module's name."""
    for folder in (TEMPLATES / "common", TEMPLATES / kind):
        for file in sorted(folder.rglob(f"*{SUFFIX}")):
            yield file.relative_to(folder).as_posix().removesuffix(SUFFIX), file.read_text(encoding="utf-8")
