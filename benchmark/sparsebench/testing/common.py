"""Rules that hold for everything a suite can name with parameters: models, postprocessors, analyzers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from sparsebench.registry.parameters import schema
from sparsebench.testing.checks import Subject, Violation, require
from sparsebench.testing.isolation import imports_torch, no_network, no_torch
from sparsebench.types import Json


def parameters_are_named_and_typed(subject: Subject[Any]) -> None:
    """Every parameter is keyword-only and has an annotation that makes a JSON Schema."""
    schema(subject.factory)


def importing_it_imports_no_torch(subject: Subject[Any]) -> None:
    """A fresh interpreter that imports the plugin's module has not imported torch."""
    module = subject.factory.__module__
    require(not imports_torch(module), f"importing {module} imports torch; import it inside functions")


def making_it_is_cheap(subject: Subject[Any]) -> None:
    """Making an object imports no torch and touches no network: `plan` makes every one that a suite names."""
    with no_network(), no_torch():
        subject.make()


COMMON = (parameters_are_named_and_typed, importing_it_imports_no_torch, making_it_is_cheap)


def same_json(found: Json, again: Json, what: str) -> None:
    """Raise Violation unless both are JSON (without NaN), and the same."""
    first, second = (_as_json(value, what) for value in (found, again))
    require(first == second, f"{what} changes from one time to the next:\n  {first}\n  {second}")


def _as_json(value: Json, what: str) -> str:
    try:
        return json.dumps(value, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise Violation(f"{what} is not JSON: {error}") from error


def close(found: np.ndarray, expected: np.ndarray, *, tolerance: float, what: str) -> None:
    """Raise Violation where two arrays differ by more than `tolerance` times the largest finite magnitude."""
    require(found.shape == expected.shape, f"{what}: shape {found.shape} instead of {expected.shape}")
    finite = np.isfinite(expected)
    require(bool((found[~finite] == expected[~finite]).all()), f"{what}: infinite scores are elsewhere")
    worst = np.abs(found[finite] - expected[finite]).max(initial=0.0)
    size = np.abs(expected[finite]).max(initial=0.0)
    require(bool(worst <= tolerance * size), f"{what}: up to {worst:.3g} apart, with scores up to {size:.3g}")
