"""Spell out the entries of plugins: one for each point of a grid, parameters apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sparsebench.config.grid import grid_points
from sparsebench.config.limits import few_enough
from sparsebench.config.mistakes import Mistakes
from sparsebench.config.override import with_name
from sparsebench.config.tree import Node
from sparsebench.registry import Registry
from sparsebench.suite.expansion import expanded
from sparsebench.suite.schema import PLUGIN_SPECS, CollectionSpec, Tuning


def spell_out(tree: Node, registry: Registry, mistakes: Mistakes) -> Node:
    """Give each entry of a plugin the shape of its spec: one entry for each point of a grid, parameters apart."""
    lists: dict[str, Node] = {}
    for kind, spec in PLUGIN_SPECS.items():
        if (node := tree.entries.get(kind)) and node.items:
            if not few_enough(node.items, f"the {kind}", mistakes):
                node = replace(node, value=tuple(entry.without("grid", "tune") for entry in node.items))
            own_keys = spec.model_fields.keys() - {"params"}
            points = [
                model
                for entry in node.items
                for point in grid_points(with_name(entry), mistakes)
                for model in (expanded(point, registry, mistakes) if kind == "models" else (point,))
            ]
            lists[kind] = replace(node, value=tuple(_set_apart(point, "params", own_keys) for point in points))
    if (node := tree.entries.get("collections")) and node.items:
        lists["collections"] = replace(
            node, value=tuple(_collection(entry, registry, mistakes) for entry in node.items)
        )
    return tree.with_entries(lists)


def _collection(entry: Node, registry: Registry, mistakes: Mistakes) -> Node:
    """Set parameters apart where a plugin's source takes them; elsewhere a key that is not known is a mistake."""
    plugin = registry.collections.get(str(entry.entries["id"].value)) if "id" in entry.entries else None
    own_keys = CollectionSpec.model_fields.keys() - {"params"}
    if plugin and plugin.factory:
        return _set_apart(entry, "params", own_keys)
    if "params" in entry.entries:  # the name of a field, which no suite may write
        mistakes.add(entry.locate(("params",)), "unknown key 'params'")
    return entry.without("params") if "params" in entry.entries else entry


def _set_apart(entry: Node, name: str, own_keys: Iterable[str]) -> Node:
    """Move the keys that are not the harness's own, but the plugin's, into a mapping of their own."""
    if not isinstance(entry.value, Mapping):
        return entry
    own = {key: node for key, node in entry.entries.items() if key in own_keys}
    others = {key: node for key, node in entry.entries.items() if key not in own}
    if name == "params" and "tune" in own:
        own["tune"] = _set_apart(own["tune"], "parameters", Tuning.model_fields.keys() - {"parameters"})
    return replace(entry, value={**own, name: Node(others, entry.at)})
