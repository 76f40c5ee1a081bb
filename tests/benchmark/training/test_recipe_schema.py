from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sparsebench.config.mistakes import Mistakes
from sparsebench.config.source import read_source
from sparsebench.training.recipe_schema import recipe_schema

jsonschema = pytest.importorskip("jsonschema", reason="the oracle for the JSON Schema is not installed")

BASE = "name: mine\nbackbone: x\nloss: nll\ndata: {id: beir/nfcorpus/train}\n"


def valid(text: str) -> bool:
    return bool(jsonschema.Draft202012Validator(recipe_schema()).is_valid(yaml.safe_load(text)))


def test_the_schema_is_one_and_takes_every_recipe_that_ships(repository: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(recipe_schema())
    recipes = list((repository / "suites").rglob("train*.yaml"))
    validator = jsonschema.Draft202012Validator(recipe_schema())
    assert len(recipes) > 5
    assert [path.name for path in recipes if not validator.is_valid(read_source(path, Mistakes()).plain())] == []


@pytest.mark.parametrize(
    "more",
    ["stepz: 1", "steps: 0", "loss: nil", "grid: {stepz: [1]}", "grid: {steps: 1}", "length: 2", "data: {idd: x}"],
)
def test_a_mistake_is_invalid(more: str) -> None:
    assert valid(BASE)
    assert not valid(yaml.safe_dump({**yaml.safe_load(BASE), **yaml.safe_load(more)}))


def test_a_part_that_others_include_may_leave_out_any_key() -> None:
    assert valid("loss: nll\n")
    assert valid("name: mine\ninclude: other.yaml\ngrid: {backbone: [a, b], data.limit: [1, 2]}\n")


def test_every_key_says_what_it_means() -> None:
    def properties(schema: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(schema, dict):
            yield from schema.get("properties", {}).items() if isinstance(schema.get("properties"), dict) else ()
            for each in schema.values():
                yield from properties(each)

    found = list(properties({key: each for key, each in recipe_schema().items() if key != "anyOf"}))
    assert len(found) > 40
    assert [name for name, each in found if len(each.get("description", "")) < 8] == []
