"""Paths in a suite: `${VARIABLE}` is read from the environment, and a relative path starts at the suite's folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from benchmark.suite.mistakes import Mistakes
from benchmark.suite.tree import Node

_COLLECTION_PATHS = ("beir", "docs_tsv", "queries_tsv", "qrels")
_NOT_PARAMETERS = ("name", "label")
_VARIABLE = re.compile(r"\$\{([^}]*)\}")


def resolve_paths(tree: Node, environ: Mapping[str, str], mistakes: Mistakes) -> Node:
    """Replace variables in the paths of collections and in the parameters of plugins, which may be paths."""
    lists = {"collections": _collection, "models": _plugin, "postprocessors": _plugin, "analyzers": _plugin}
    return tree.with_entries(
        {
            key: replace(node, value=tuple(resolve(item, environ, mistakes) for item in node.items))
            for key, resolve in lists.items()
            if (node := tree.entries.get(key)) and node.items
        }
    )


def interpolate(node: Node, environ: Mapping[str, str], mistakes: Mistakes) -> Node:
    """The same value, with the variables in its texts replaced; one that is not set or empty is a mistake."""
    if node.text is not None:
        unset = [name for name in _VARIABLE.findall(node.text) if not environ.get(name)]
        for name in unset:
            mistakes.add(node.at, f"the environment variable {name} is not set; set it, as in `export {name}=…`")
        return node if unset else replace(node, value=_VARIABLE.sub(lambda match: environ[match[1]], node.text))
    if node.items:
        return replace(node, value=tuple(interpolate(item, environ, mistakes) for item in node.items))
    if node.entries:
        return node.with_entries({key: interpolate(each, environ, mistakes) for key, each in node.entries.items()})
    return node


def from_its_folder(node: Node) -> Node:
    """A relative path, or a list of them, as seen from the working directory."""
    if node.text is not None:
        return replace(node, value=str(node.at.folder / node.text))
    return replace(node, value=tuple(map(from_its_folder, node.items))) if node.items else node


def _collection(node: Node, environ: Mapping[str, str], mistakes: Mistakes) -> Node:
    paths = {key: node.entries[key] for key in _COLLECTION_PATHS if key in node.entries}
    resolved = {key: from_its_folder(interpolate(path, environ, mistakes)) for key, path in paths.items()}
    if "bank" in node.entries:
        resolved["bank"] = _collection(node.entries["bank"], environ, mistakes)
    return node.with_entries(resolved) if resolved else node


def _plugin(node: Node, environ: Mapping[str, str], mistakes: Mistakes) -> Node:
    params = {key: entry for key, entry in node.entries.items() if key not in _NOT_PARAMETERS}
    return (
        node.with_entries({key: interpolate(each, environ, mistakes) for key, each in params.items()})
        if params
        else node
    )
