from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Gt, doc

from sparsebench.registry.parameter_docs import attribute_docstrings, parameter_docs, prose
from sparsebench.registry.parameters import schema

Depth = Annotated[int, Gt(0), doc("How deep.")]


@dataclass(frozen=True, kw_only=True)
class Base:
    """Ranks
    anew: tau: is not documented here.

    Raises ScoreError.
    """

    tau: Annotated[float, Gt(0)]
    """Temperature;
    e.g. 0.5. Full stops: no matter."""

    depth: Depth | None = None
    pool: Depth = 3
    """How large."""
    silent: bool = False


class Derived(Base):
    pass


@dataclass(frozen=True, kw_only=True)
class Redeclared(Base):
    """Ranks anew, with a bank."""

    tau: float = 1.0
    depth: Depth | None = 5
    """Not that of the base."""


def factory(*, k: Annotated[int, doc("How many.")], plain: int = 1) -> None: ...


def test_a_parameter_is_documented_below_its_field_or_in_its_annotation() -> None:
    assert parameter_docs(Base) == {
        "tau": "Temperature; e.g. 0.5. Full stops: no matter.",
        "depth": "How deep.",
        "pool": "How large.",
    }
    assert parameter_docs(factory) == {"k": "How many."}


def test_a_class_inherits_the_documentation_of_the_fields_it_inherits() -> None:
    assert parameter_docs(Derived) == parameter_docs(Base)
    assert parameter_docs(Redeclared) == {**parameter_docs(Base), "depth": "Not that of the base."}


def test_a_class_in_a_function_is_documented_too() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Local:
        k: int = 1
        """How
many."""

    assert attribute_docstrings(Local) == {"k": "How many."}


def test_a_class_without_source_has_no_documentation() -> None:
    assert attribute_docstrings(type("Made", (), {})) == attribute_docstrings(int) == {}


def test_the_docstring_of_a_class_is_prose_and_names_no_parameters() -> None:
    assert prose(Base) == ["Ranks anew: tau: is not documented here.", "Raises ScoreError."]
    assert prose(Derived) == prose(Base)
    assert prose(factory) == []


def test_editors_are_told_what_a_parameter_means() -> None:
    properties = schema(Base)["properties"]
    assert properties["depth"]["description"] == "How deep."
    assert "description" not in properties["silent"]
