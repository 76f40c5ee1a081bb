"""Parameters to check a plugin with: its defaults, and for a parameter that has none, one that its type allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sparsebench.errors import PluginError
from sparsebench.registry.parameters import schema, validate
from sparsebench.types import Json

NUMBERS = (0.5, 1, 2, 0, 10, 100, -1)


def example_parameters(factory: Callable[..., Any], given: Mapping[str, Json] | None = None) -> dict[str, Any]:
    """Return all parameters: those `given`, the defaults, and examples for the rest (`Field(examples=[...])` if there
    are).

    Raises ParameterError for wrong ones, PluginError for one that only its author can choose, e.g. a path.
    """
    chosen = dict(given or {})
    found = schema(factory)
    for name in found.get("required", ()):
        if name not in chosen:
            chosen[name] = _example(factory.__name__, name, found["properties"][name])
    return validate(factory, chosen)


def _example(factory: str, name: str, field: Mapping[str, Json]) -> Json:
    for stated in ("examples", "enum"):
        if stated in field:
            return field[stated][0]
    if "const" in field or field.get("type") == "boolean":
        return field.get("const", False)
    if field.get("type") in ("number", "integer"):
        for number in NUMBERS:
            if _allowed(number, field):
                return number
    raise PluginError(f"{factory} needs {name!r}, and no value can be made up")


def _allowed(number: float, field: Mapping[str, Json]) -> bool:
    if field["type"] == "integer" and number != int(number):
        return False
    return (
        field.get("minimum", number) <= number <= field.get("maximum", number)
        and ("exclusiveMinimum" not in field or number > field["exclusiveMinimum"])
        and ("exclusiveMaximum" not in field or number < field["exclusiveMaximum"])
    )
