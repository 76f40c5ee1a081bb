"""Includes, overrides, grids, paths."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sparsebench.suite import Suite

Write = Callable[..., Path]
Load = Callable[..., Suite]
Refuse = Callable[..., list[str]]
Labels = Callable[[Any], list[str]]

# ── include ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_lists_of_an_included_suite_come_first_and_the_including_suite_wins_otherwise(
    write: Write, load: Load, base: str, labels: Labels
) -> None:
    write(base + "depth: 500\ndescription: of base\npostprocessors: [none]\n", "base.yaml")
    suite = load("name: mine\ninclude: base\ndepth: 200\nmodels: [{name: bm25, label: other}]\n")
    assert (suite.name, suite.depth, suite.description) == ("mine", 200, "of base")
    assert labels(suite.models) == ["bm25", "other"]


def test_an_entry_that_two_suites_share_is_meant_once(write: Write, load: Load, base: str, labels: Labels) -> None:
    write(base + "postprocessors: [none, sinkhorn]\n", "base.yaml")
    write("include: base.yaml", "left.yaml")
    write("include: base.yaml", "right.yaml")
    suite = load("include: [left, right]\npostprocessors: [none]\n")
    assert labels(suite.postprocessors) == ["none", "sinkhorn"]
    assert labels(suite.collections) == ["mini/web/test"]


def test_an_include_is_looked_up_beside_the_including_suite(write: Write, load: Load, base: str) -> None:
    write(base, "parts/more/base.yaml")
    write("include: more/base.yaml", "parts/part.yaml")
    assert load("include: ${WHERE}/part.yaml", environ={"WHERE": "parts"}).name == "base"


def test_mistakes_of_an_included_suite_are_located_there(write: Write, refuse: Refuse, base: str) -> None:
    write(base + "depht: 3\n", "parts/base.yaml")
    assert refuse("include: parts/base.yaml") == ["parts/base.yaml:5:1: unknown key 'depht'. Did you mean 'depth'?"]


@pytest.mark.parametrize(
    ("include", "mistake"),
    [
        ("absent.yaml", "suite.yaml:1:10: there is no suite file absent.yaml"),
        ("bsae", "suite.yaml:1:10: unknown suite 'bsae'. Did you mean 'base'?"),
        ("3", "suite.yaml:1:10: 'include' should be the path or the name of a suite, or a list of them"),
        ("suite.yaml", "suite.yaml:1:10: suite.yaml includes itself: suite.yaml -> suite.yaml"),
    ],
)
def test_an_include_that_leads_nowhere_is_a_mistake(
    write: Write, refuse: Refuse, base: str, include: str, mistake: str
) -> None:
    write(base, "base.yaml")
    assert mistake in refuse(f"include: {include}\n")


def test_suites_that_include_each_other_are_a_mistake_that_names_the_circle(write: Write, refuse: Refuse) -> None:
    write("include: suite.yaml", "b.yaml")
    found = refuse("include: b.yaml\n")
    assert "b.yaml:1:10: suite.yaml includes itself: suite.yaml -> b.yaml -> suite.yaml" in found


# ── overrides ───────────────────────────────────────────────────────────────────────────────────────────────


def test_an_override_sets_any_value_and_reads_it_as_yaml(load: Load, base: str) -> None:
    suite = load(base, "depth=200", "measures=[R@100]", "collections.0.bank={split: train}", "models.0.k1=1.5")
    assert (suite.depth, suite.measures) == (200, ("R@100",))
    assert suite.collections[0].bank is not None
    assert suite.collections[0].bank.split == "train"
    assert suite.models[0].params == {"k1": 1.5}


def test_the_value_of_an_override_may_contain_equals_signs(load: Load, base: str) -> None:
    assert load(base, "description=a=b").description == "a=b"


def test_overrides_apply_in_turn_and_to_included_entries(write: Write, load: Load, base: str) -> None:
    write(base, "base.yaml")
    suite = load("include: base", "models.0={name: splade, checkpoint: a}", "models.0.checkpoint=b")
    assert suite.models[0].params["checkpoint"] == "b"


def test_an_overridden_path_needs_no_variable_and_starts_at_the_working_directory(write: Write, load: Load) -> None:
    text = "name: x\nmodels: [bm25]\ncollections: [{beir: '${NOWHERE}/x', domain: in}]\n"
    assert load(text, "collections.0.beir=data/x").collections[0].beir == Path("data/x")


@pytest.mark.parametrize(
    ("override", "mistake"),
    [
        ("modles.0.k1=1", "--set modles.0.k1: there is no 'modles'. Did you mean 'models'?"),
        ("models.1.k1=1", "--set models.1.k1: there is no '1' in a list of 1; positions count from 0"),
        ("models.bm25.k1=1", "--set models.bm25.k1: there is no 'bm25' in a list of 1; positions count from 0"),
        ("models.0.k2=1", "--set models.0.k2: bm25: unknown parameter 'k2'. There is: k1."),
        ("models.0.k1=x", "--set models.0.k1: bm25: 'k1' should be a number, not 'x'"),
        ("depht=3", "--set depht: unknown key 'depht'. Did you mean 'depth'?"),
        ("depth.x=3", "--set depth.x: there is no 'x' in 1000"),
        ("depth=", "--set depth: 'depth' should be a whole number, not None"),
        ("depth", "--set depth: should be a path and a value, as in `--set models.0.checkpoint=naver/splade-v3`"),
        ("models.0=bm52", "--set models.0: unknown model 'bm52'. Did you mean 'bm25'?"),
        ("depth=[1", "--set depth: while parsing a flow sequence: expected ',' or ']', but got '<stream end>'"),
    ],
)
def test_a_mistaken_override_is_named_as_on_the_command_line(
    refuse: Refuse, base: str, override: str, mistake: str
) -> None:
    assert refuse(base + "depth: 1000\n", override) == [mistake]


# ── grid ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_grid_is_one_entry_for_each_combination_with_labels_that_name_them(
    load: Load, base: str, labels: Labels
) -> None:
    suite = load(base + "postprocessors: [{name: sinkhorn, grid: {tau: [0.1, 0.5], iterations: [5, 10]}}]\n")
    assert labels(suite.postprocessors) == [
        "sinkhorn[tau=0.1,iterations=5]",
        "sinkhorn[tau=0.1,iterations=10]",
        "sinkhorn[tau=0.5,iterations=5]",
        "sinkhorn[tau=0.5,iterations=10]",
    ]
    assert suite.postprocessors[1].params == {"tau": 0.1, "iterations": 10}
    assert suite.postprocessors[1].name == "sinkhorn"


def test_a_grid_goes_over_the_harness_own_keys_too_and_keeps_what_is_given(
    load: Load, base: str, labels: Labels
) -> None:
    suite = load(base + "postprocessors: [{name: sinkhorn, label: S, tau: 2, grid: {scale: [none, 3]}}]\n")
    assert labels(suite.postprocessors) == ["S[scale=none]", "S[scale=3]"]
    assert [spec.scale for spec in suite.postprocessors] == ["none", 3.0]
    assert {spec.params["tau"] for spec in suite.postprocessors} == {2.0}


def test_a_grid_works_for_models(load: Load, base: str, labels: Labels) -> None:
    suite = load(base.replace("[bm25]", "[{name: splade, checkpoint: a, grid: {pooling: [max, sum]}}]"))
    assert labels(suite.models) == ["splade[pooling=max]", "splade[pooling=sum]"]


@pytest.mark.parametrize(
    ("grid", "mistake"),
    [
        ("{tau: [1, -1], iterations: [1, 2]}", "5:42: sinkhorn: 'tau' should be greater than 0, not -1"),
        ("{tua: [1, 2]}", "5:42: sinkhorn: unknown parameter 'tua'. Did you mean 'tau'?"),
        ("{}", "5:41: 'grid' should be a mapping of parameters to lists of values"),
        ("3", "5:41: 'grid' should be a mapping of parameters to lists of values"),
        ("{tau: 3}", "5:47: 'tau' should be a list of values to go through, for it is in a grid"),
        ("{tau: []}", "5:47: 'tau' should be a list of values to go through, for it is in a grid"),
        ("{label: [a, b]}", "5:42: 'label' has one value by itself, and cannot be in a grid too"),
    ],
)
def test_a_mistake_in_a_grid_is_told_once_at_its_place(refuse: Refuse, base: str, grid: str, mistake: str) -> None:
    assert refuse(base + f"postprocessors: [{{name: sinkhorn, grid: {grid}}}]\n") == [f"suite.yaml:{mistake}"]


def test_a_parameter_is_given_or_in_the_grid(refuse: Refuse, base: str) -> None:
    found = refuse(base + "postprocessors: [{name: sinkhorn, tau: 1, grid: {tau: [1]}}]\n")
    assert found == ["suite.yaml:5:50: 'tau' has one value by itself, and cannot be in a grid too"]


# ── paths ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_relative_paths_start_at_the_folder_of_the_suite_that_states_them(write: Write, load: Load, base: str) -> None:
    write(
        "name: x\nmodels: [{name: splade, checkpoint: c, vocabulary: v.txt}]\n"
        "collections:\n"
        "  - {docs_tsv: d.tsv, queries_tsv: ../q.tsv, qrels: /r.txt, domain: out, bank: {queries_tsv: b.tsv}}\n",
        "parts/base.yaml",
    )
    suite = load("include: parts/base.yaml")
    (collection,) = suite.collections
    assert (collection.docs_tsv, collection.queries_tsv) == (Path("parts/d.tsv"), Path("parts/../q.tsv"))
    assert collection.qrels == Path("/r.txt")
    assert collection.bank is not None
    assert collection.bank.queries_tsv == Path("parts/b.tsv")
    assert suite.models[0].params["vocabulary"] == Path("parts/v.txt")
    assert suite.models[0].params["checkpoint"] == "c"  # may be an id of a hub: its plugin knows


def test_variables_are_read_in_paths_and_parameters_and_nowhere_else(load: Load) -> None:
    suite = load(
        "name: x\ndescription: ${DATA}\nmodels: [{name: splade, checkpoint: '${DATA}/m'}]\n"
        "collections: [{beir: '${DATA}/${SET}', domain: in, name: '${DATA}'}]\n",
        environ={"DATA": "/data", "SET": "cacm"},
    )
    assert suite.collections[0].beir == Path("/data/cacm")
    assert suite.models[0].params["checkpoint"] == "/data/m"
    assert suite.description == suite.collections[0].name == "${DATA}"


def test_a_relative_path_in_a_variable_starts_at_the_working_directory(write: Write, load: Load) -> None:
    write("collections: [{beir: '${DATA}/x', domain: in}, {beir: 'x/${SET}', domain: in}]\n", "parts/base.yaml")
    suite = load("include: parts/base.yaml\nname: x\nmodels: [bm25]\n", environ={"DATA": "data", "SET": "cacm"})
    assert [collection.beir for collection in suite.collections] == [Path("data/x"), Path("parts/x/cacm")]


def test_a_variable_that_is_not_set_is_a_mistake_that_says_to_set_it(refuse: Refuse) -> None:
    text = "name: x\nmodels: [bm25]\ncollections: [{beir: '${DATA}/x', domain: in}]\n"
    mistake = "suite.yaml:3:22: the environment variable DATA is not set; set it, as in `export DATA=…`"
    assert refuse(text) == refuse(text, environ={"DATA": ""}) == [mistake]
