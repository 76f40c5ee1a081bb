"""One entry that stands for several models, by the rule of its plugin (`ModelPlugin.expand`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from sparsebench.config.mistakes import Mistakes
from sparsebench.config.tree import Node
from sparsebench.errors import PluginError, SparsebenchError
from sparsebench.registry import Registry
from sparsebench.types import Json

Expand = Callable[[Json], Mapping[str, Json]]


def expanded(entry: Node, registry: Registry, mistakes: Mistakes) -> Iterator[Node]:
    """One entry for each value that the plugin finds, with its label; the entry itself where there is none."""
    for parameter, values in _rules(entry, registry):
        given = entry.entries[parameter]
        try:
            found = values(given.plain())
        except SparsebenchError as error:
            mistakes.add(given.at, str(error))
            return
        if found:
            if "label" in entry.entries:
                mistakes.add(entry.locate(("label",)), "every model has a label of its own; leave this one out")
            for label, value in found.items():
                changed = {parameter: replace(given, value=value), "label": replace(given, value=label)}
                yield entry.with_entries(changed)
            return
    yield entry


def _rules(entry: Node, registry: Registry) -> list[tuple[str, Expand]]:
    name = entry.entries.get("name")
    try:
        plugin = registry.get("models", str(name.value if name else "")).plugin
    except PluginError:  # said where entries are resolved
        return []
    return [(parameter, rule) for parameter, rule in plugin.expand.items() if parameter in entry.entries]
