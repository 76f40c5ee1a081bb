"""Two machines that share the cells of a suite make one published board."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import toys
from commands import sparsebench
from sparsebench.cli import Exit
from sparsebench.records import Index, SuiteFolder, read_record, write_record

Output = pytest.CaptureFixture[str]

COUNTING = """
from sparsebench import Analysis, AnalyzerPlugin, SuiteAnalyzer, hookimpl

class Counting(SuiteAnalyzer):
    '''Counts the cells it is given.'''
    def analyze(self, context):
        return Analysis({"cells": len(context.records)}, summary=f"{len(context.records)} cells were read.")

@hookimpl
def register_analyzers():
    return [AnalyzerPlugin("counting", Counting, "counts cells")]
"""
MODELS = "models: [bm25, {name: bm25, label: long, b: 0.0}]\npostprocessors: [none, {name: dsl, tau: 1.0}]\n"


@pytest.fixture(autouse=True)
def _machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPARSEBENCH_STORE", str(tmp_path / "store"))
    Path("counting.py").write_text(COUNTING)
    toys.write_collection(tmp_path / "fruit")
    toys.write_suite(tmp_path / "toy.yaml", tmp_path / "fruit", f"{MODELS}analyzers: [counting]\n")
    for model, runs in (("bm25", "one"), ("long", "two")):
        words = ["toy.yaml", "--only", f"*/{model}/*", "--runs", runs, "-p", "counting.py", "-q", "--in-process"]
        assert sparsebench(monkeypatch, "run", *words) == Exit.OK


def publish(monkeypatch: pytest.MonkeyPatch, *more: str) -> int:
    return sparsebench(monkeypatch, "publish", "toy.yaml", "--runs", "one", "-p", "counting.py", *more)


def test_their_cells_are_published_together_and_the_suite_is_analyzed_anew(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    assert publish(monkeypatch) == Exit.USAGE
    assert "`sparsebench publish toy --merge DIR` joins what another machine computed" in capsys.readouterr().err
    assert publish(monkeypatch, "--merge", "two") == Exit.OK
    records = Path("leaderboards/toy/records.jsonl").read_text().splitlines()
    assert len(records) == 4
    assert "4 cells were read." in Path("leaderboards/toy.md").read_text()
    assert sparsebench(monkeypatch, "report", "toy", "--published", "--check") == Exit.OK


def test_the_machine_that_publishes_need_not_have_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["toy", "--runs", "nowhere", "--merge", "one", "--merge", "two/toy", "-p", "counting.py"]
    assert sparsebench(monkeypatch, "publish", *words) == Exit.OK
    assert len(Path("leaderboards/toy/records.jsonl").read_text().splitlines()) == 4


def test_a_part_of_a_board_is_published_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert publish(monkeypatch, "--only", "*/bm25/*") == Exit.OK
    assert "2 cells were read." in Path("leaderboards/toy.md").read_text()
    assert len(Index.read(Path("leaderboards/toy")).cells) == 2


def test_a_merge_that_disagrees_is_refused_with_both_figures(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    assert (
        sparsebench(monkeypatch, "run", "toy.yaml", "--runs", "two", "-p", "counting.py", "-q", "--in-process")
        == Exit.OK
    )
    place = SuiteFolder(Path("two/toy"))
    key = next(key for key in Index.read(Path("one/toy")).cells if SuiteFolder(Path("one/toy")).record(key).is_file())
    record = read_record(place.record(key), remedy="")
    write_record(place.record(key), record.model_copy(update={"measures": dict.fromkeys(record.measures, 0.25)}))
    capsys.readouterr()
    assert publish(monkeypatch, "--merge", "two") == Exit.USAGE
    said = capsys.readouterr().err
    assert "two records of one cell disagree" in said
    assert "0.2500" in said
    assert "Traceback" not in said
    assert not Path("leaderboards/toy").exists()


def test_a_folder_without_results_is_named_with_what_makes_them(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    Path("empty").mkdir()
    for command in ("publish", "report"):
        assert sparsebench(monkeypatch, command, "toy.yaml", "--runs", "one", "--merge", "empty") == Exit.USAGE
        said = capsys.readouterr().err
        assert "empty/toy holds no results. `sparsebench run toy.yaml --runs empty` makes them." in said


def test_a_report_of_some_cells_is_printed_and_touches_no_page(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    page = Path("one/toy/leaderboard.md").read_bytes()
    capsys.readouterr()
    words = ["report", "toy", "--runs", "one", "--only", "dsl", "--format", "json"]
    assert sparsebench(monkeypatch, *words) == Exit.OK
    cells = json.loads(capsys.readouterr().out)["cells"]
    assert {cell["postprocessor"] for cell in cells} == {"dsl"}
    assert Path("one/toy/leaderboard.md").read_bytes() == page
    assert sparsebench(monkeypatch, *words[:4], "--only", "dsl", "--check") == Exit.USAGE
