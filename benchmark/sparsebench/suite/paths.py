"""Paths in a suite: `${VARIABLE}` is read from the environment, and a relative path starts at the suite's folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sparsebench.config.interpolate import from_its_folder, interpolate
from sparsebench.config.mistakes import Mistakes
from sparsebench.config.tree import Node
from sparsebench.suite.schema import CollectionSpec

_COLLECTION_PATHS = ("beir", "docs_tsv", "queries_tsv", "qrels", "media", "document_groups")
_NOT_PARAMETERS = ("name", "label")


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


def _collection(node: Node, environ: Mapping[str, str], mistakes: Mistakes) -> Node:
    paths = {key: node.entries[key] for key in _COLLECTION_PATHS if key in node.entries}
    resolved = {key: from_its_folder(interpolate(path, environ, mistakes), mistakes) for key, path in paths.items()}
    params = {key: each for key, each in node.entries.items() if key not in CollectionSpec.model_fields}
    resolved |= {key: interpolate(each, environ, mistakes) for key, each in params.items()}
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
