"""The parameters of a plugin: the keyword-only arguments of its factory, checked by their annotations."""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from sparsebench.config.validation import KeyPath, explain
from sparsebench.contracts.calls import calling
from sparsebench.errors import FAILURES, PluginError, SparsebenchError, reason, words
from sparsebench.registry.parameter_docs import parameter_docs, type_hints
from sparsebench.types import Json

Factory = Callable[..., Any]

_CONFIG = ConfigDict(
    extra="forbid", strict=True, allow_inf_nan=False, protected_namespaces=(), use_attribute_docstrings=True
)


class ParameterError(SparsebenchError):
    """Parameters that a factory does not take. `mistakes`: all of them, as (path in the parameters, message)."""

    def __init__(self, mistakes: Sequence[tuple[KeyPath, str]]) -> None:
        super().__init__("\n".join(message for _, message in mistakes))
        self.mistakes = tuple(mistakes)


def validate(factory: Factory, params: Mapping[str, Json]) -> dict[str, Any]:
    """Return the parameters of `factory` with its defaults filled in.

    A whole number is taken for a `float`; nothing else is converted, but a list to a tuple and a text to a Path.
    Raises ParameterError with every mistake; a ValueError of the factory itself, which may check how parameters go
    together, is one at the empty path. Raises PluginError for a factory that breaks the contract.
    """
    model = _model(factory)
    try:
        # Strict validation of JSON, not of Python: what a suite can say is JSON, and has no tuple and no Path.
        # By iteration: dict() would take a parameter that is called `keys` for a method.
        resolved = dict(iter(model.model_validate_json(json.dumps(params, default=os.fspath))))
    except ValidationError as error:
        raise ParameterError(explain(error, model, params, noun="parameter")) from None
    try:
        with calling(f"{factory.__qualname__}()", json.dumps(params, default=os.fspath)):
            factory(**resolved)
    except (ValueError, SparsebenchError) as error:
        raise ParameterError([((), words(error))]) from error
    except FAILURES as error:
        raise ParameterError([((), f"it fails when it is made: {reason(error)}")]) from error
    return resolved


def schema(factory: Factory, *, ref_template: str = "#/$defs/{model}") -> dict[str, Json]:
    """The JSON Schema of the parameters with their documentation; raises PluginError for a factory that breaks the
    contract."""
    found = _model(factory).model_json_schema(ref_template=ref_template)
    for name, text in parameter_docs(factory).items():
        found["properties"][name]["description"] = text
    return found


def path_parameters(factory: Factory) -> frozenset[str]:
    """Names of the parameters that are paths, or lists of paths."""
    return frozenset(name for name, field in _model(factory).model_fields.items() if _is_path(field.annotation))


def _is_path(annotation: object) -> bool:
    return annotation is Path or any(_is_path(argument) for argument in get_args(annotation))


@cache
def _model(factory: Factory) -> type[BaseModel]:
    where = f"{factory.__module__}.{factory.__qualname__}"
    try:
        hints = type_hints(factory)
    except NameError as error:
        raise PluginError(f"{where}: {error}; annotations of parameters must be importable at run time") from error
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(factory).parameters.items():
        if parameter.kind is not parameter.KEYWORD_ONLY:
            raise PluginError(f"{where}: parameter {name!r} must be keyword-only; suites name their parameters")
        if name not in hints:
            raise PluginError(f"{where}: parameter {name!r} has no annotation")
        fields[name] = (hints[name], ... if parameter.default is parameter.empty else parameter.default)
    return create_model(factory.__qualname__, __config__=_CONFIG, **fields)
