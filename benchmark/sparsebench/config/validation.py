"""Turn pydantic's errors into the words of a suite: keys, lists and mappings rather than fields, tuples and models."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from typing import TYPE_CHECKING, get_args, get_type_hints

from pydantic import BaseModel, ValidationError

from sparsebench.errors import did_you_mean
from sparsebench.types import Json

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

KeyPath = tuple[str | int, ...]
"""The way to a value: keys of mappings and positions in lists."""

_PHRASES = {
    "string_type": "should be text (quote it)",
    "int_type": "should be a whole number",
    "int_from_float": "should be a whole number",
    "float_type": "should be a number",
    "bool_type": "should be true or false",
    "tuple_type": "should be a list",
    "list_type": "should be a list",
    "dict_type": "should be a mapping of keys to values",
    "mapping_type": "should be a mapping of keys to values",
    "model_type": "should be a mapping of keys to values",
    "none_required": "should be left out",
    "path_type": "should be a path",
    "too_short": "should have {min_length} or more entries",
}


def explain(error: ValidationError, model: type[BaseModel], data: Json, *, noun: str) -> list[tuple[KeyPath, str]]:
    """List every mistake as (path in `data`, message).

    What a mapping calls its entries is `noun` ("key", "parameter").
    """
    wrong: dict[KeyPath, list[ErrorDetails]] = {}
    mistakes: list[tuple[KeyPath, str]] = []
    for details in error.errors(include_url=False):
        if _follows(details):
            continue
        path = tuple(_existing(details["loc"], data))
        if details["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
            known = _fields(model, path[:-1])
            mistakes.append((path, f"unknown {noun} {path[-1]!r}.{did_you_mean(str(path[-1]), known)}"))
        elif details["type"] == "missing":
            mistakes.append((path, f"{noun} {details['loc'][-1]!r} is missing"))
        else:
            wrong.setdefault(path, []).append(details)
    return mistakes + [(path, _describe(path, alternatives)) for path, alternatives in wrong.items()]


def _follows(details: ErrorDetails) -> bool:
    """Return whether an error only follows from another: a list whose items are all mistaken is no empty list."""
    kind = details["type"]
    return kind == "default_factory_not_called" or (kind == "too_short" and len(details["input"]) > 0)


def _describe(path: KeyPath, alternatives: Sequence[ErrorDetails]) -> str:
    """One message for one value, which a union type may have refused for several reasons."""
    first, *others = [_phrase(details) for details in alternatives]
    if not first.startswith("should "):
        return first
    either = " or ".join([first, *(phrase.removeprefix("should be ") for phrase in others)])
    return f"{_spell(path)} {either}, not {reprlib.repr(alternatives[0]['input'])}"


def _phrase(details: ErrorDetails) -> str:
    if phrase := _PHRASES.get(details["type"]):
        return phrase.format(**details.get("ctx", {}))
    return re.sub(r"^\w+ (?=should )", "", details["msg"].removeprefix("Value error, "))


def _spell(path: KeyPath) -> str:
    """The last key: ("models", 0, "pooling") -> 'pooling', ("models", 0, "lengths", 1) -> an item of 'lengths'."""
    key = next((part for part in reversed(path) if isinstance(part, str)), "suite")
    return repr(key) if not path or path[-1] == key else f"an item of {key!r}"


def _existing(location: KeyPath, data: Json) -> Iterator[str | int]:
    """The part of a location that is in the data; pydantic adds names of union members and of missing keys."""
    for part in location:
        if isinstance(data, Mapping):
            if part not in data:
                return
        elif not (isinstance(data, list | tuple) and isinstance(part, int) and part < len(data)):
            return
        data = data[part]
        yield part


def _fields(model: type, path: KeyPath) -> list[str]:
    """Names of the fields of the model or dataclass that `path` leads to, list positions aside."""
    for part in path:
        if isinstance(part, str):
            model = next(_models(_annotations(model)[part]))
    return list(_annotations(model))


def _annotations(model: type) -> dict[str, object]:
    if issubclass(model, BaseModel):
        return {name: field.annotation for name, field in model.model_fields.items()}
    return get_type_hints(model)


def _models(annotation: object) -> Iterator[type]:
    if isinstance(annotation, type) and (issubclass(annotation, BaseModel) or is_dataclass(annotation)):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
