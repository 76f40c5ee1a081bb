"""The plugins that a suite names: whether they are there, and whether they take their parameters."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sparsebench.config.interpolate import from_its_folder
from sparsebench.config.mistakes import Mistakes
from sparsebench.config.tree import Node, choose
from sparsebench.errors import PluginError
from sparsebench.registry import Registry
from sparsebench.registry.hooks import Kind
from sparsebench.registry.parameters import Factory, ParameterError, path_parameters, validate
from sparsebench.suite.schema import PLUGIN_SPECS


@dataclass(frozen=True)
class Resolved:
    """Parameters of an entry, defaults filled in; apart from them the values to try of those that are tuned."""

    params: Mapping[str, Any]
    tuned: Mapping[str, Sequence[Any]]


ResolvedEntries = Mapping[tuple[Kind, int], Resolved]
"""By kind and by position in its list."""


def resolve_entries(tree: Node, registry: Registry, mistakes: Mistakes) -> ResolvedEntries:
    """Look every plugin up and complete its parameters; mistaken entries are left out, or empty."""
    resolved: dict[tuple[Kind, int], Resolved] = {}
    for kind, position, entry, name in _named(tree):
        try:
            factory = registry.get(kind, str(name.value)).factory
            assert factory is not None, "only entries of plugins that take parameters have them set apart"
            resolved[kind, position] = _resolve(factory, entry, str(name.value), mistakes)
        except PluginError as error:
            mistakes.add(name.at, str(error))
    return resolved


def _named(tree: Node) -> Iterator[tuple[Kind, int, Node, Node]]:
    """Kind, position, entry and its plugin's name, of each entry that has parameters set apart."""
    keys: dict[Kind, str] = {"collections": "id", **dict.fromkeys(PLUGIN_SPECS, "name")}
    for kind, key in keys.items():
        for position, entry in enumerate(tree.entries[kind].items if kind in tree.entries else ()):
            if key in entry.entries and entry.entries[key].text is not None and "params" in entry.entries:
                yield kind, position, entry, entry.entries[key]


def _resolve(factory: Factory, entry: Node, plugin: str, mistakes: Mistakes) -> Resolved:
    """Check the parameters with each combination of the values to try."""
    given = entry.entries["params"].entries
    tuned = _tuned(entry)
    for name in given.keys() & tuned.keys():
        mistakes.add(given[name].key_at or entry.at, f"{name!r} is both given and tuned")
    paths = path_parameters(factory)
    params: dict[str, Any] = {}
    values: dict[str, list[Any]] = {name: [] for name in tuned}
    for combination in itertools.product(*(nodes.items for nodes in tuned.values())):
        nodes = {**given, **choose(tuned, combination)}
        nodes = {name: from_its_folder(node, mistakes) if name in paths else node for name, node in nodes.items()}
        params = _validate(factory, Node(nodes, entry.at), plugin, mistakes)
        for name in tuned.keys() & params.keys():
            value = params.pop(name)
            if value not in values[name]:
                values[name].append(value)
    return Resolved(params, values)


def _tuned(entry: Node) -> Mapping[str, Node]:
    tune = entry.entries.get("tune")
    return tune.entries["parameters"].entries if tune and "parameters" in tune.entries else {}


def _validate(factory: Factory, params: Node, name: str, mistakes: Mistakes) -> dict[str, Any]:
    try:
        return validate(factory, params.plain())
    except ParameterError as error:
        for path, message in error.mistakes:
            mistakes.add(params.locate(path), f"{name}: {message}")
        return {}
