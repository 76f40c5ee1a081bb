"""Digests: of values, files, and the source code that contributes to a result."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from pathlib import Path

from sparsebench.disclosure.privacy import as_written, hidden
from sparsebench.types import Json

NUMBER_CHANGING_LIBRARIES = ("torch", "transformers", "tokenizers", "numpy", "scipy")
IF_INSTALLED = ("numba",)
"""Where it is not, other code takes its place, which rounds otherwise."""


def digest(value: Json) -> str:
    """SHA-256 of a JSON value in canonical form; the order of keys does not matter."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def sha256(path: Path) -> str:
    """SHA-256 of a file, read now."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file, read once per process for each size and time stamp: for large inputs asked for often."""
    stat = path.stat()
    return _file_digest(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=2**17)  # a gallery has many files
def _file_digest(path: Path, size: int, mtime_ns: int) -> str:
    return sha256(path)


def files_digest(paths: Iterable[Path]) -> str:
    """SHA-256 over the names and digests of files in their order; their folder does not matter."""
    return digest([(path.name, file_digest(path)) for path in paths])


def portable(params: Mapping[str, Json]) -> dict[str, Json]:
    """Parameters as JSON, without the folders of this machine: a path is named by its last part, a variable by its
    name."""
    found: dict[str, Json] = hidden({name: as_written(_plain(value, _name)) for name, value in params.items()})
    return found


def content(params: Mapping[str, Json]) -> dict[str, Json]:
    """Parameters as JSON for a key: a path is what its file holds."""
    return {name: _plain(value, _content) for name, value in params.items()}


def _name(path: Path) -> str:
    return Path(as_written(str(path))).name


def _content(path: Path) -> str:
    return file_digest(path) if path.is_file() else str(path)


def _plain(value: Json, of_path: Callable[[Path], str]) -> Json:
    """JSON of a parameter, of one that is a dataclass or a list too."""
    if isinstance(value, Path):
        return of_path(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name), of_path) for field in fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(each, of_path) for name, each in value.items()}
    return [_plain(each, of_path) for each in value] if isinstance(value, list | tuple) else value


@lru_cache(maxsize=1)
def library_versions() -> dict[str, str]:
    """Versions of the libraries that change numbers; part of every key."""
    optional = (name for name in IF_INSTALLED if importlib.util.find_spec(name))
    return {name: importlib.metadata.version(name) for name in (*NUMBER_CHANGING_LIBRARIES, *optional)}
