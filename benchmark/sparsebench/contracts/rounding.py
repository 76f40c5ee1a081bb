"""The mark of parameters that change vectors by rounding alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from sparsebench.types import Json


@dataclass(frozen=True)
class Rounding:
    """Mark a parameter that in exact arithmetic would change no vector; `sparsebench noise` tries its other values.

    Example:
        engine: Annotated[Literal["auto", "quick"], Rounding()] = "auto"
        batch_tokens: Annotated[int | None, Rounding(values=(512, 2048))] = None
    """

    values: tuple[Json, ...] = ()
    """Values to try, of a parameter that identities do not name; those of its `Literal`, which they do, where empty."""

    noise: bool = True
    """Whether what another value changes counts as noise; not so for a precision, which is a choice and only told."""


def roundings(hints: Mapping[str, Any]) -> dict[str, tuple[Rounding, tuple[Json, ...]]]:
    """Map each marked parameter to its mark and the values to try, given annotations with their extras."""
    found = {}
    for name, hint in hints.items():
        marks = [each for each in get_args(hint)[1:] if isinstance(each, Rounding)]
        if get_origin(hint) is Annotated and marks:
            found[name] = marks[0], marks[0].values or _choices(get_args(hint)[0])
    return found


def _choices(hint: object) -> tuple[Json, ...]:
    if get_origin(hint) is Literal:
        return get_args(hint)
    return tuple(value for member in get_args(hint) for value in _choices(member))
