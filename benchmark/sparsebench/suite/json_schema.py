"""The JSON Schema of suite files, with the plugins that are installed here: for editors to complete and to check."""

from __future__ import annotations

from collections.abc import Mapping

from sparsebench.registry import Registered, Registry
from sparsebench.registry.hooks import Kind
from sparsebench.registry.parameters import schema
from sparsebench.suite.schema import PLUGIN_SPECS, Suite
from sparsebench.types import Json

Schema = dict[str, Json]


def suite_schema(registry: Registry) -> Schema:
    """Make the JSON Schema of suites: each entry of models, postprocessors and analyzers is one of the registry's
    names, with its own parameters.
    """
    suite = Suite.model_json_schema()
    definitions = suite["$defs"]
    for kind in PLUGIN_SPECS:
        suite["properties"][kind]["items"] = _entries(kind, getattr(registry, kind), definitions)
        suite["properties"][kind].pop("default", None)
    for name in ("ModelSpec", "PostprocessorSpec", "AnalyzerSpec", "Tuning"):
        del definitions[name]
    del definitions["Baseline"]["required"]
    suite["properties"]["collections"]["items"] = _collections(registry, definitions)
    suite["properties"]["include"] = {"anyOf": [{"type": "string"}, _list_of({"type": "string"})]}
    complete = {"required": [key for key in suite.pop("required") if key != "baseline"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **suite,
        "anyOf": [complete, {"required": ["include"]}],
    }


def _collections(registry: Registry, definitions: Schema) -> Schema:
    """A collection of any format, or the `id` of a plugin's source with the parameters of that."""
    own = definitions["CollectionSpec"]
    del own["properties"]["params"]
    own["properties"]["id"]["examples"] = list(registry.collections)
    with_source = {name: each for name, each in registry.collections.items() if each.factory}
    sources = [_source(each, own, definitions) for each in with_source.values()]
    reference = {"$ref": "#/$defs/CollectionSpec"}
    if not sources:
        return reference
    own["properties"]["id"]["not"] = {"enum": list(with_source)}
    return {"anyOf": [reference, *sources]}


def _source(registered: Registered, own: Schema, definitions: Schema) -> Schema:
    plugin = registered.plugin
    params = _parameters("collections", registered, definitions)
    properties = {**own["properties"], "id": {"const": plugin.name}, **params["properties"]}
    required = ["id", *own.get("required", ()), *params.get("required", ())]
    return {"description": plugin.summary, **_mapping(properties), "required": required}


def _parameters(kind: Kind, registered: Registered, definitions: Schema) -> Schema:
    """The schema of all parameters; definitions go to those of the suite, under names of their own."""
    prefix = f"{kind}.{registered.plugin.name}.".replace("/", ".")
    assert registered.factory is not None
    parameters = schema(registered.factory, ref_template=f"#/$defs/{prefix}{{model}}")
    definitions.update({prefix + name: each for name, each in parameters.pop("$defs", {}).items()})
    return parameters


def _entries(kind: Kind, registered: Mapping[str, Registered], definitions: Schema) -> Schema:
    """A bare name, or a mapping for each plugin; definitions of parameters go to those of the suite."""
    own = PLUGIN_SPECS[kind].model_json_schema(ref_template="#/$defs/{model}")["properties"]
    del own["params"], own["name"]
    entries = [_entry(kind, each, own, definitions) for each in registered.values()]
    return {"oneOf": [{"enum": list(registered)}, *entries]}


def _entry(kind: Kind, registered: Registered, own: Schema, definitions: Schema) -> Schema:
    plugin = registered.plugin
    params = _parameters(kind, registered, definitions)["properties"]
    properties = {"name": {"const": plugin.name}, **own, **params}
    if "tune" in own:
        tuned = {name: _list_of(each) for name, each in params.items()}
        properties["tune"] = _mapping({**tuned, "on": {"const": "dev"}, "measure": {"type": "string"}})
    properties["grid"] = _mapping(
        {key: _list_of(each) for key, each in properties.items() if key not in ("name", "label")}
    )
    return {"description": plugin.summary, **_mapping(properties), "required": ["name"]}


def _mapping(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _list_of(items: Schema) -> Schema:
    return {"type": "array", "items": items, "minItems": 1}
