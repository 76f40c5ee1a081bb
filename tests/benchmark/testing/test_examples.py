from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from annotated_types import Ge, Gt, Le, Lt
from pydantic import Field

from sparsebench.errors import PluginError
from sparsebench.registry.parameters import ParameterError
from sparsebench.testing.examples import example_parameters


class Method:
    def __init__(
        self,
        *,
        tau: Annotated[float, Gt(0)],
        rounds: Annotated[int, Ge(1)],
        share: Annotated[float, Gt(0.5), Lt(2)],
        below: Annotated[int, Le(-1)],
        order: Literal["queries", "documents"],
        only: Literal["this"],
        fast: bool,
        seed: Annotated[int, Field(examples=[13])],
        depth: int = 10,
    ) -> None: ...


class Encoder:
    def __init__(self, *, checkpoint: Path) -> None: ...


def test_defaults_are_kept_and_the_rest_is_what_the_types_allow() -> None:
    assert example_parameters(Method) == {
        "tau": 0.5,
        "rounds": 1,
        "share": 1.0,
        "below": -1,
        "order": "queries",
        "only": "this",
        "fast": False,
        "seed": 13,
        "depth": 10,
    }


def test_what_is_given_wins_and_is_checked() -> None:
    assert example_parameters(Method, {"tau": 2, "depth": 3})["tau"] == 2.0
    with pytest.raises(ParameterError, match="tau"):
        example_parameters(Method, {"tau": 0})


def test_a_path_cannot_be_made_up() -> None:
    with pytest.raises(PluginError, match="Encoder needs 'checkpoint'"):
        example_parameters(Encoder)
    assert example_parameters(Encoder, {"checkpoint": "x"}) == {"checkpoint": Path("x")}
