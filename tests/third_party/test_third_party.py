"""Somebody else's package, for real: its wheel is built, installed into a fresh venv, checked, and used by a suite."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from venvs import FreshVenv

PACKAGE = Path(__file__).parent / "sparsebench-example-fruit"
SUITE = """
name: fruit
measures: [nDCG@10, RR@10]
depth: 10
collections:
  - {id: fruit/salad, split: test, domain: out}
models: [bm25, fruit_initials]
postprocessors: [none, {name: fruit_rounded, step: 0.5}]
analyzers: [fruit_longest]
"""
WHO = {"distribution": "sparsebench-example-fruit", "version": "2.7.1", "module": "fruit_retrieval", "name": "fruit"}


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> FreshVenv:
    """With the wheel of the example installed."""
    folder = tmp_path_factory.mktemp("third_party")
    fresh = FreshVenv.create(folder / "venv")
    fresh.run("python", "-m", "pip", "wheel", str(PACKAGE), "--wheel-dir", str(folder), cwd=folder)
    (wheel,) = folder.glob("sparsebench_example_fruit-2.7.1-*.whl")
    fresh.run("python", "-m", "pip", "install", str(wheel), cwd=folder)
    return fresh


@pytest.fixture(scope="module")
def run(venv: FreshVenv, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of the suite that uses it."""
    folder = tmp_path_factory.mktemp("suite")
    (folder / "fruit.yaml").write_text(SUITE)
    venv.run("sparsebench", "run", "fruit.yaml", "--store", "store", cwd=folder)
    return folder / "runs" / "fruit"


def test_it_is_found_by_its_entry_point_without_further_ado(venv: FreshVenv, tmp_path: Path) -> None:
    listed = json.loads(venv.run("sparsebench", "plugins", "list", "--json", cwd=tmp_path))
    (provider,) = [provider for provider in listed["providers"] if provider["name"] == "fruit"]
    kinds = ("models", "postprocessors", "analyzers", "collections")
    assert provider["hooks"] == [f"register_{kind}" for kind in kinds]
    own = {plugin["name"] for plugin in listed["plugins"] if plugin["from"] == "sparsebench-example-fruit 2.7.1"}
    assert own == {"fruit_initials", "fruit_rounded", "fruit_longest", "fruit/salad"}


def test_it_keeps_the_contract(venv: FreshVenv, tmp_path: Path) -> None:
    said = venv.run("sparsebench", "plugins", "check", "sparsebench-example-fruit", cwd=tmp_path)
    assert "postprocessor fruit_rounded" in said
    assert " checks passed" in said


def test_it_has_its_rows_in_the_leaderboard(run: Path) -> None:
    page = (run / "leaderboard.md").read_text()
    assert "fruit/salad" in page
    assert "fruit_initials" in page
    assert "fruit_rounded" in page


SEPARATORS = {"md": "|", "latex": "&", "csv": ","}


@pytest.mark.parametrize(("form", "column"), [("md", "longest run"), ("latex", "longest run"), ("csv", "longest")])
def test_its_column_stands_in_every_table(venv: FreshVenv, run: Path, form: str, column: str) -> None:
    table = venv.run("sparsebench", "report", "fruit", "--format", form, cwd=run.parents[1])
    # Of markdown and LaTeX the head of a table; prose above them may name the measure too.
    head = next(line for line in table.splitlines() if "nDCG@10" in line and line.count(SEPARATORS[form]) > 1)
    assert column in head


def test_its_column_footnote_and_summary_stand_on_the_page(run: Path) -> None:
    page = (run / "leaderboard.html").read_text()
    for said in ('"name":"longest run"', "longest run: documents in the longest ranking.", "The longest ranking has"):
        assert said in page


def test_a_report_needs_no_plugin_for_its_columns(venv: FreshVenv, run: Path) -> None:
    whole = venv.run("sparsebench", "report", "fruit", cwd=run.parents[1])
    assert venv.run("sparsebench", "report", "fruit", "-p", "no:fruit", cwd=run.parents[1]) == whole


def test_every_record_names_the_distribution_and_version_behind_it(run: Path) -> None:
    records = [json.loads(path.read_text()) for path in run.glob("*/record.json")]
    assert len(records) == 4
    for record in records:
        plugins = record["provenance"]["plugins"]
        for kind in ("model", "postprocessor"):
            foreign = record["cell"][kind]["name"].startswith("fruit_")
            assert (plugins[kind] == WHO) is foreign
        assert record["analysis"]["fruit_longest"]["longest"] in (1, 2, 3)


def test_it_can_be_left_out(venv: FreshVenv, tmp_path: Path) -> None:
    (tmp_path / "fruit.yaml").write_text(SUITE)
    with pytest.raises(AssertionError, match=r"(?s)exit code 4.*unknown model 'fruit_initials'"):
        venv.run("sparsebench", "plan", "fruit.yaml", "-p", "no:fruit", cwd=tmp_path)


def test_our_own_wheel_has_the_templates_the_suites_and_the_collections(venv: FreshVenv, tmp_path: Path) -> None:
    repository = Path(__file__).resolve().parents[2]
    venv.run("python", "-m", "pip", "wheel", str(repository), "--wheel-dir", str(tmp_path), cwd=tmp_path)
    (wheel,) = tmp_path.glob("sparsebench-*.whl")
    inside = venv.run("python", "-m", "zipfile", "--list", str(wheel), cwd=tmp_path)
    for file in (
        "sparsebench/scaffold/common/pyproject.toml.template",
        "sparsebench/scaffold/model/MODULE/__init__.py.template",
        "_sparsebench_command.py",
        "sparsebench/shipped_suites/",
        "sparsebench_plugins/collections/mini/web/corpus.jsonl",
    ):
        assert file in inside
