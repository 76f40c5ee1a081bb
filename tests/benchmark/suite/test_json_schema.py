from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sparsebench import CollectionPlugin, CollectionSource, hookimpl
from sparsebench.config.mistakes import Mistakes
from sparsebench.config.source import read_source
from sparsebench.errors import SuiteError
from sparsebench.registry import Registry
from sparsebench.suite import load_suite
from sparsebench.suite.json_schema import suite_schema

jsonschema = pytest.importorskip("jsonschema", reason="the oracle for the JSON Schema is not installed")

Valid = Callable[[str], bool]


@pytest.fixture
def valid(registry: Registry, write: Callable[..., Path]) -> Valid:
    schema: dict[str, Any] = suite_schema(registry)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    return lambda text: bool(validator.is_valid(read_source(write(text), Mistakes()).plain()))


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "postprocessors: [none, {name: sinkhorn, label: s, tau: 0.5, scale: median_top1, candidates: all}]",
        "postprocessors: [{name: sinkhorn, tune: {tau: [0.1, 1], on: dev, measure: nDCG@10}, bank: {size: 5}}]",
        "postprocessors: [{name: sinkhorn, grid: {tau: [0.1, 1], scale: [none, 2]}}]",
        "analyzers: [sparsity, {name: sparsity, label: again}]",
        "baseline: {postprocessor: none}",
        "include: [a, b.yaml]",
    ],
)
def test_what_loads_is_valid(valid: Valid, base: str, lines: str) -> None:
    assert valid(base + lines)


@pytest.mark.parametrize(
    "lines",
    [
        "postprocessors: [sinkhron]",
        "postprocessors: [{tau: 1}]",
        "postprocessors: [{name: sinkhorn, tua: 1}]",
        "postprocessors: [{name: sinkhorn, tau: 0}]",
        "postprocessors: [{name: sinkhorn, tau: x}]",
        "postprocessors: [{name: none, tau: 1}]",
        "postprocessors: [{name: sinkhorn, tune: {tau: [1], on: test}}]",
        "postprocessors: [{name: sinkhorn, grid: {tau: 1}}]",
        "analyzers: [bm25]",
        "depth: 0",
        "depht: 5",
    ],
)
def test_what_is_mistaken_by_its_shape_is_not_valid(valid: Valid, base: str, lines: str) -> None:
    assert not valid(base + lines)


@pytest.mark.parametrize(
    "lines",
    [
        "postprocessors: [none, none]",
        "baseline: {postprocessor: dsl}",
        "measures: [nDCG@10, nDGC@5]",
        "measures: [nDCG@100]\ndepth: 10",
        "postprocessors: [{name: sinkhorn, tune: {tau: [0.1, 1], on: dev, measure: nDCG@10}}]",
        "postprocessors: [{name: sinkhorn, tau: 101, iterations: 101}]",
        "requires: [nobody-wrote-this>=1]",
    ],
)
def test_what_the_schema_cannot_know_is_what_its_page_says_that_plan_catches(
    valid: Valid, registry: Registry, write: Callable[..., Path], base: str, lines: str
) -> None:
    text = base.replace(", dev: {split: train}", "") + lines
    assert valid(text)
    with pytest.raises(SuiteError):
        load_suite(write(text), registry)


def test_a_suite_has_its_parts_or_includes_them(valid: Valid) -> None:
    assert valid("include: base")
    assert not valid("name: x\nmodels: [bm25]\n")


def test_editors_are_offered_the_collections_that_plugins_carry(registry: Registry) -> None:
    assert suite_schema(registry)["$defs"]["CollectionSpec"]["properties"]["id"]["examples"] == ["mini/web"]


class Clips(CollectionSource):
    def __init__(self, *, captions: Path) -> None: ...


class ClipsPlugin:
    @hookimpl
    def register_collections(self) -> list[CollectionPlugin]:
        return [CollectionPlugin("clips", summary="", source=Clips)]


@pytest.mark.parametrize(
    ("keys", "fits"),
    [
        ("id: clips, captions: a", True),
        ("id: clips", False),
        ("id: clips, capt: a", False),
        ("id: mini/web, params: {}", False),
    ],
)
def test_editors_know_the_parameters_of_a_source(
    registry: Registry, write: Callable[..., Path], base: str, keys: str, fits: bool
) -> None:
    collections = {**registry.collections, **Registry.of(ClipsPlugin()).collections}
    validator = jsonschema.Draft202012Validator(suite_schema(replace(registry, collections=collections)))
    path = write(base.replace("id: mini/web", keys))
    assert validator.is_valid(read_source(path, Mistakes()).plain()) is fits
