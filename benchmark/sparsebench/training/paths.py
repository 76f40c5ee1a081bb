"""Paths in a recipe, as in a suite: `${VARIABLE}` is replaced, and a relative path starts at the recipe's folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sparsebench.config.interpolate import from_its_folder, interpolate
from sparsebench.config.mistakes import Mistakes
from sparsebench.config.tree import Node

_FILES = ("beir", "triples", "pairs")


def resolve_paths(tree: Node, environ: Mapping[str, str], mistakes: Mistakes) -> Node:
    """Replace the paths of data, of test sets and of backbones, those of a grid too."""
    resolved = {key: _resolve(key, node, environ, mistakes) for key, node in tree.entries.items()}
    if grid := tree.entries.get("grid"):
        resolved["grid"] = grid.with_entries(
            {
                key: replace(values, value=tuple(_resolve(key, value, environ, mistakes) for value in values.items))
                for key, values in grid.entries.items()
                if values.items
            }
        )
    return tree.with_entries(resolved)


def _resolve(key: str, node: Node, environ: Mapping[str, str], mistakes: Mistakes) -> Node:
    if key == "backbone":
        return interpolate(node, environ, mistakes)
    if key == "data":
        return _files(node, environ, mistakes)
    if key == "test_sets" and node.items:
        return replace(node, value=tuple(_files(each, environ, mistakes) for each in node.items))
    return node


def _files(node: Node, environ: Mapping[str, str], mistakes: Mistakes) -> Node:
    named = {key: node.entries[key] for key in _FILES if key in node.entries}
    found = {key: from_its_folder(interpolate(path, environ, mistakes), mistakes) for key, path in named.items()}
    return node.with_entries(found) if found else node
