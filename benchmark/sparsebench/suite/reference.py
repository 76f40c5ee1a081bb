"""The reference of suite files, docs/SUITE.md: the JSON Schema for people, and what each plugin says of itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from tabulate import tabulate

from sparsebench.registry import Registered, Registry
from sparsebench.registry.hooks import Kind
from sparsebench.registry.parameter_docs import prose
from sparsebench.registry.parameters import schema as parameters_of
from sparsebench.suite.json_schema import Schema, suite_schema
from sparsebench.suite.schema import PLUGIN_SPECS
from sparsebench.types import Json

TITLE = """\
# The suite, key by key

`sparsebench schema reference` writes this page from the schema by which suites are checked and from the plugins that
are installed; here, those in the box. `sparsebench schema` prints the same as a JSON Schema, for editors.

By default `–` is nothing, and no word is what the last column says. `include` takes in one other suite or a list of
them, by name or path; what the suite itself says comes first.

A schema knows shapes. What it cannot know `plan` says, with line and column, before anything is computed: a label or a
collection that is there twice, a baseline that is no row, a measure that does not exist, a run shorter than a measure's
cutoff, tuning without development queries, parameters that do not go together, a distribution of `requires` that is not
installed, and files, checkpoints and ids that are not there.

A file has at most 1,000,000 bytes and, with its aliases written out, 10,000 values, 50 levels deep; it includes at
most 100 files. The grids and the tunings of a list of entries are at most 1,000 combinations, a suite at most 100,000
cells."""
KINDS = """\
An entry is a name, or a mapping with the keys below and the plugin's own parameters. `grid: {{key: [values]}}` makes an
entry of each combination of values of any of its keys.

There {are} {names}."""
DEFINITIONS = {
    "Baseline": "baseline",
    "CollectionSpec": "collections",
    "Columns": "collections: docs_columns, queries_columns",
    "BankSource": "collections: bank",
    "DevSource": "collections: dev",
}
HIDDEN = ("params", "include")
NOTHING = "–"

_RANGES = {"minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}"}
_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "mapping",
}


def suite_reference(registry: Registry) -> str:
    """The whole page as markdown."""
    suite = suite_schema(registry)
    definitions = suite["$defs"]
    parts = [TITLE, "## The suite", _keys(suite)]
    for name, title in DEFINITIONS.items():
        parts += [f"## {title}", _prose(definitions[name]["description"]), _keys(definitions[name])]
    for kind in PLUGIN_SPECS:
        parts += _kind(kind, getattr(registry, kind))
    parts += _readers(registry.collections)
    return "\n\n".join(parts) + "\n"


def _kind(kind: Kind, registered: Mapping[str, Registered]) -> Iterator[str]:
    """Describe a kind of plugin: what its entries have in common, then each plugin."""
    spec = PLUGIN_SPECS[kind].model_json_schema()
    yield f"## {kind}"
    yield KINDS.format(are="is" if len(registered) == 1 else "are", names=", ".join(f"`{name}`" for name in registered))
    yield _keys(spec)
    for name, each in registered.items():
        yield f"### {name}"
        yield from _plugin(each)


def _readers(registered: Mapping[str, Registered]) -> Iterator[str]:
    """Collections that plugins read, with the parameters that stand beside `id:`."""
    yield "## collections that a plugin reads"
    yield "The plugin's name is their `id`, and its parameters stand beside it."
    for name, each in registered.items():
        if each.factory is not None:
            yield f"### {name}"
            yield from _plugin(each)


def _plugin(registered: Registered) -> Iterator[str]:
    """A table of its parameters, and its docstring."""
    plugin = registered.plugin
    sees = getattr(registered.factory, "sees", "")
    yield f"{_sentence(plugin.summary)}.{f' Sees {sees}.' if sees else ''}"
    assert registered.factory is not None, "what only carries a folder has no page"
    parameters = parameters_of(registered.factory)
    yield _keys(parameters) if parameters["properties"] else "It has no parameters."
    yield from map(_paragraph, prose(registered.factory))


def _keys(schema: Schema) -> str:
    """A table with a row for each key."""
    keys = {name: of for name, of in schema["properties"].items() if name not in HIDDEN}
    required = schema.get("required") or schema.get("anyOf", [{}])[0].get("required", ())
    rows = [
        [
            f"`{name}`",
            _type(of),
            _allowed(of),
            "required" if name in required else _default(of),
            _prose(_sentence(of.get("description", ""))),
        ]
        for name, of in keys.items()
    ]
    headers = ["key", "type", "allowed", "default", "meaning"]
    width = len(headers) if any(row[-1] for row in rows) else len(headers) - 1
    cells = [[" ".join(field.split()).replace("|", "\\|") for field in row[:width]] for row in rows]
    return tabulate(cells, headers[:width], tablefmt="github", disable_numparse=True)


def _type(of: Schema) -> str:
    if "anyOf" in of:
        return " or ".join(dict.fromkeys(_type(one) for one in of["anyOf"] if one.get("type") != "null"))
    if "oneOf" in of:
        return "name or mapping"
    if of.get("type") == "array":
        return f"list of {_type(of['items'])}" if "items" in of else "list"
    if of.get("format") == "path":
        return "path"
    return _WORDS.get(of.get("type", "object"), NOTHING)


def _allowed(of: Schema) -> str:
    """Values and ranges."""
    found = [f"`{value}`" for value in of.get("enum", [of["const"]] if "const" in of else [])]
    found += [words.format(of[name]) for name, words in _RANGES.items() if name in of]
    found += [_allowed(one) for one in of.get("anyOf", ())]
    return ", ".join(filter(None, found))


def _default(of: Schema) -> str:
    if "default" not in of:
        return ""
    value: Json = of["default"]
    if value in (None, "", []):
        return NOTHING
    words = ", ".join(map(str, value)) if isinstance(value, list) else json.dumps(value).strip('"')
    return f"`[{words}]`" if isinstance(value, list) else f"`{words}`"


def _sentence(text: str) -> str:
    """Capitalise a text that begins with a word."""
    return text[:1].upper() + text[1:] if re.match(r"[a-z]+\b", text) else text


def _paragraph(text: str) -> str:
    return f"```python\n{text}\n```" if text.lstrip().startswith(">>>") else _prose(text)


def _prose(text: str) -> str:
    """Markdown that shows a text as it is: a star outside of code is a star."""
    return "`".join(part if place % 2 else part.replace("*", "\\*") for place, part in enumerate(text.split("`")))
