from __future__ import annotations

import contextlib
import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from annotated_types import Ge, Gt
from hypothesis import given
from hypothesis import strategies as st

from sparsebench.errors import PluginError
from sparsebench.provenance.digests import content, digest, portable
from sparsebench.registry.parameters import ParameterError, path_parameters, schema, validate

if TYPE_CHECKING:
    from decimal import Decimal


class Sinkhorn:
    def __init__(
        self,
        *,
        tau: Annotated[float, Gt(0)] = 1.0,
        iterations: Annotated[int, Ge(1)] = 10,
        order: Literal["documents", "queries"] = "documents",
        fast: bool = True,
        limit: int | None = None,
        blend: Literal["auto"] | float = "auto",
        lengths: tuple[int, ...] = (),
        file: Path | None = None,
    ) -> None:
        if order == "queries" and iterations == 1:
            raise ValueError("one iteration that ends with the queries changes no ranking")


class Encoder:
    def __init__(self, *, checkpoint: str, files: tuple[Path, ...] = ()) -> None: ...


def mistakes(factory: Any, **params: Any) -> list[tuple[tuple[str | int, ...], str]]:
    with pytest.raises(ParameterError) as error:
        validate(factory, params)
    return list(error.value.mistakes)


def test_defaults_are_filled_in() -> None:
    assert validate(Encoder, {"checkpoint": "x"}) == {"checkpoint": "x", "files": ()}


def test_what_yaml_cannot_say_is_converted_and_nothing_else() -> None:
    resolved = validate(Sinkhorn, {"tau": 1, "lengths": [1, 2], "file": "a/b", "blend": 1})
    assert resolved["tau"] == 1.0
    assert isinstance(resolved["tau"], float)
    assert resolved["lengths"] == (1, 2)
    assert resolved["file"] == Path("a/b")
    assert isinstance(resolved["blend"], float)


def test_resolving_twice_changes_nothing() -> None:
    once = validate(Sinkhorn, {"tau": 1, "file": "a/b", "lengths": [3]})
    assert validate(Sinkhorn, once) == once


@pytest.mark.parametrize(
    ("params", "path", "message"),
    [
        ({"tua": 1}, ("tua",), "unknown parameter 'tua'. Did you mean 'tau'?"),
        ({"tau": 0}, ("tau",), "'tau' should be greater than 0, not 0"),
        ({"tau": "1"}, ("tau",), "'tau' should be a number, not '1'"),
        ({"tau": True}, ("tau",), "'tau' should be a number, not True"),
        ({"tau": float("nan")}, ("tau",), "'tau' should be a finite number, not nan"),
        ({"iterations": 2.5}, ("iterations",), "'iterations' should be a whole number, not 2.5"),
        ({"iterations": True}, ("iterations",), "'iterations' should be a whole number, not True"),
        ({"fast": 1}, ("fast",), "'fast' should be true or false, not 1"),
        ({"order": "docs"}, ("order",), "'order' should be 'documents' or 'queries', not 'docs'"),
        ({"blend": "foo"}, ("blend",), "'blend' should be 'auto' or a number, not 'foo'"),
        ({"lengths": 3}, ("lengths",), "'lengths' should be a list, not 3"),
        ({"lengths": [3, "x"]}, ("lengths", 1), "an item of 'lengths' should be a whole number, not 'x'"),
        ({"limit": "x"}, ("limit",), "'limit' should be a whole number, not 'x'"),
    ],
)
def test_a_mistake_has_its_path_and_says_what_should_be(
    params: dict[str, Any], path: tuple[str | int, ...], message: str
) -> None:
    assert mistakes(Sinkhorn, **params) == [(path, message)]


def test_all_mistakes_come_at_once() -> None:
    found = mistakes(Encoder, chekpoint="x", files=["a", 3])
    assert {path for path, _ in found} == {("chekpoint",), (), ("files", 1)}
    assert ((), "parameter 'checkpoint' is missing") in found


def test_text_that_yaml_reads_as_a_number_should_be_quoted() -> None:
    assert mistakes(Encoder, checkpoint=123) == [(("checkpoint",), "'checkpoint' should be text (quote it), not 123")]


def test_a_factory_may_refuse_a_combination() -> None:
    assert mistakes(Sinkhorn, order="queries", iterations=1) == [
        ((), "one iteration that ends with the queries changes no ranking")
    ]


def test_a_failure_of_the_factory_is_told_as_its_own() -> None:
    class Broken:
        def __init__(self, *, tau: float = 1.0) -> None:
            raise KeyError("tau")

    with pytest.raises(ParameterError, match="it fails when it is made: KeyError: 'tau'"):
        validate(Broken, {})


@given(st.dictionaries(st.text(max_size=5), st.none() | st.booleans() | st.integers() | st.floats() | st.text()))
def test_whatever_is_asked_is_resolved_or_refused(params: dict[str, Any]) -> None:
    with contextlib.suppress(ParameterError):
        assert params.keys() <= validate(Sinkhorn, params).keys()


def test_a_factory_without_parameters_takes_none() -> None:
    class Plain: ...

    assert validate(Plain, {}) == {}
    assert mistakes(Plain, tau=1) == [(("tau",), "unknown parameter 'tau'.")]


def test_inherited_fields_may_have_types_that_only_the_module_of_the_base_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    base = "Length = int\n@dataclass(kw_only=True)\nclass Base:\n    length: Length = 3\n"
    derived = "from based import Base\n@dataclass(kw_only=True)\nclass Derived(Base):\n    tau: float = 1.0\n"
    (tmp_path / "based.py").write_text(head + base)
    (tmp_path / "derived.py").write_text(head + derived)
    monkeypatch.syspath_prepend(tmp_path)
    assert validate(importlib.import_module("derived").Derived, {"tau": 2}) == {"length": 3, "tau": 2.0}


def test_a_frozen_dataclass_is_a_factory() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Point:
        tau: float = 0.5

    assert validate(Point, {"tau": 2}) == {"tau": 2.0}


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A group of parameters."""

    unit: Annotated[float, Gt(0)] = 1.0
    """What one is."""

    file: Path | None = None


def grouped(*, scale: Scale | None = None) -> None: ...


def test_a_group_of_parameters_is_a_mapping_and_as_strict_as_the_others() -> None:
    assert validate(grouped, {"scale": {"unit": 2}}) == {"scale": Scale(unit=2.0)}
    told = [refused(grouped, scale=wrong) for wrong in ({"unitt": 2}, {"unit": 0}, {"unit": "2"})]
    assert told == [
        "unknown parameter 'unitt'. Did you mean 'unit'?",
        "'unit' should be greater than 0, not 0",
        "'unit' should be a number, not '2'",
    ]
    assert schema(grouped)["$defs"]["Scale"]["properties"]["unit"]["description"] == "What one is."


def test_a_group_is_json_in_keys_and_records(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("content")
    params = validate(grouped, {"scale": {"file": str(file)}})
    assert portable(params) == {"scale": {"unit": 1.0, "file": "file"}}
    before = digest(content(params))
    file.write_text("other")
    assert digest(content(params)) != before


def refused(factory: Any, **params: Any) -> str:
    with pytest.raises(ParameterError) as error:
        validate(factory, params)
    return str(error.value)


class Positional:
    def __init__(self, tau: float = 1.0) -> None: ...


class Anything:
    def __init__(self, **params: float) -> None: ...


class Untyped:
    def __init__(self, *, tau=1.0) -> None: ...  # type: ignore[no-untyped-def]


class Unimportable:
    def __init__(self, *, tau: Decimal | None = None) -> None: ...


@pytest.mark.parametrize(
    ("factory", "reason"),
    [
        (Positional, "'tau' must be keyword-only"),
        (Anything, "'params' must be keyword-only"),
        (Untyped, "'tau' has no annotation"),
        (Unimportable, "'Decimal' is not defined"),
    ],
)
def test_a_factory_that_breaks_the_contract_is_an_error_of_the_plugin(factory: Any, reason: str) -> None:
    with pytest.raises(PluginError, match=reason):
        validate(factory, {})


def test_the_schema_has_types_ranges_and_defaults() -> None:
    properties = schema(Sinkhorn)["properties"]
    assert properties["tau"]["exclusiveMinimum"] == 0
    assert properties["tau"]["default"] == 1.0
    assert properties["order"]["enum"] == ["documents", "queries"]
    assert schema(Encoder)["required"] == ["checkpoint"]
    assert schema(Encoder)["additionalProperties"] is False


def test_parameters_that_are_paths_are_known() -> None:
    assert path_parameters(Sinkhorn) == {"file"}
    assert path_parameters(Encoder) == {"files"}
