"""The two public rings of `sparsebench`, and which imports of a source text reach behind them."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator

DOORS = (
    "sparsebench.checkpoints",
    "sparsebench.collection",
    "sparsebench.device",
    "sparsebench.encoding",
    "sparsebench.errors",
    "sparsebench.measures",
    "sparsebench.media",
    "sparsebench.plots",
    "sparsebench.provenance",
    "sparsebench.rank",
    "sparsebench.search",
    "sparsebench.statistics",
    "sparsebench.testing",
    "sparsebench.training",
    "sparsebench.workers",
)
"""The second ring. The first is `sparsebench` itself."""

RINGS = ("sparsebench", *DOORS)


def public(module: str) -> set[str]:
    """Return the names that a door promises."""
    return set(importlib.import_module(module).__all__)


def private_imports(source: str) -> list[str]:
    """List what a Python source imports of sparsebench that neither ring promises, as `line: what`."""
    return [f"{line}: {what}" for line, what in _private(ast.parse(source))]


def _private(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if _ours(alias.name) and alias.name not in RINGS:
                    yield node.lineno, f"import {alias.name}"
        elif isinstance(node, ast.ImportFrom) and node.module and _ours(node.module):
            for alias in node.names:
                if node.module not in RINGS or not _promised(node.module, alias.name):
                    yield node.lineno, f"from {node.module} import {alias.name}"


def _promised(module: str, name: str) -> bool:
    return name in public(module) or f"{module}.{name}" in RINGS


def _ours(module: str) -> bool:
    return module.partition(".")[0] == "sparsebench"
