"""Assemble the Suite from its checked tree."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import ValidationError

from sparsebench.config.mistakes import Mistakes
from sparsebench.config.tree import Node
from sparsebench.config.validation import explain
from sparsebench.registry.hooks import Kind
from sparsebench.suite.check import check_collection_names, labels
from sparsebench.suite.entries import Resolved, ResolvedEntries
from sparsebench.suite.schema import PLUGIN_SPECS, CollectionSpec, PluginSpec, PostprocessorSpec, Suite

Spec = CollectionSpec | PluginSpec


def assemble(tree: Node, entries: ResolvedEntries, mistakes: Mistakes) -> Suite:
    """Return the Suite with complete parameters; raises SuiteError if there is any mistake, here or noted before."""
    data = _with_baseline(tree).plain()
    try:
        # As JSON, so that validation can be strict and still take a list for a tuple and a text for a path.
        suite = Suite.model_validate_json(json.dumps(data))
    except ValidationError as error:
        for path, message in explain(error, Suite, data, noun="key"):
            mistakes.add(tree.locate(path), message)
        mistakes.raise_if_any()
        raise
    check_collection_names(suite, tree, mistakes)
    mistakes.raise_if_any()
    kinds: tuple[Kind, ...] = ("collections", *PLUGIN_SPECS)
    return suite.model_copy(update={kind: _completed(suite, kind, entries) for kind in kinds})


def _completed(suite: Suite, kind: Kind, entries: ResolvedEntries) -> tuple[Spec, ...]:
    specs: tuple[Spec, ...] = getattr(suite, kind)
    return tuple(
        _with_parameters(spec, entries[kind, position]) if (kind, position) in entries else spec
        for position, spec in enumerate(specs)
    )


def _with_parameters(spec: Spec, resolved: Resolved) -> Spec:
    update: dict[str, object] = {"params": resolved.params}
    if isinstance(spec, PostprocessorSpec) and spec.tune:
        parameters = {name: tuple(values) for name, values in resolved.tuned.items()}
        update["tune"] = spec.tune.model_copy(update={"parameters": parameters})
    return spec.model_copy(update=update)


def _with_baseline(tree: Node) -> Node:
    """Add the system to compare with: where the suite names none, its first model with no postprocessor."""
    models, postprocessors = labels(tree, "models") or [""], labels(tree, "postprocessors") or ["none"]
    first = {"model": models[0], "postprocessor": "none" if "none" in postprocessors else postprocessors[0]}
    given = tree.entries.get("baseline", Node({}, tree.at))
    if not isinstance(given.value, Mapping):
        return tree
    default = Node({key: Node(label, given.at) for key, label in first.items()}, given.at)
    return tree.with_entries({"baseline": default.with_entries(given.entries)})
