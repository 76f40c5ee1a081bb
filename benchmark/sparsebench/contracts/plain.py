"""Convert values that plugins return for records to plain JSON, numbers finite: numpy's numbers become Python's."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from sparsebench.errors import ContractError
from sparsebench.types import Json

RULE = "plain JSON"


def plain_mapping(value: object, owner: str, name: str) -> dict[str, Json]:
    """The mapping `name` that `owner` returned, as JSON; raises ContractError, also where it is no mapping.

    Example: `plain_mapping({"l0": np.float32(2.5)}, "analyzer 'mine'", "values")` is `{"l0": 2.5}`.
    """
    if not isinstance(value, Mapping):
        raise ContractError(owner, RULE, f"{name} is of type {type(value).__name__}, not a mapping")
    found: dict[str, Json] = plain_json(value, owner, name)
    return found


def plain_json(value: object, owner: str, name: str) -> Json:
    """The value that `owner` returned as `name`, as JSON. Numbers must be finite and text must be Unicode.

    numpy's scalars become Python's and tuples lists. Raises ContractError with the place of what is none of these.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool | int | type(None)):
        return value
    if isinstance(value, float):
        return _finite(value, owner, name)
    if isinstance(value, str):
        return _text(value, owner, name)
    if isinstance(value, Mapping):
        return {_key(key, owner, name): plain_json(inner, owner, f"{name}.{key}") for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(inner, owner, f"{name}[{place}]") for place, inner in enumerate(value)]
    raise ContractError(owner, RULE, f"{name} is of type {type(value).__name__}")


def _finite(value: float, owner: str, name: str) -> float:
    if not math.isfinite(value):
        raise ContractError(owner, RULE, f"{name} is {value}; leave out what cannot be computed")
    return float(value)


def _text(value: str, owner: str, name: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ContractError(owner, RULE, f"{name} holds half a surrogate pair: {value!r}") from error
    return str(value)


def _key(key: object, owner: str, name: str) -> str:
    if isinstance(key, bool) or not isinstance(key, str | int | np.integer):
        raise ContractError(owner, RULE, f"{name} has the key {key!r}; keys are text")
    return _text(str(key), owner, f"a key of {name}")
