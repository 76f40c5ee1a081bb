"""Labels may hold anything: they cost no cell, and name no file outside their folder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import toys
from commands import sparsebench
from sparsebench import Analysis, AnalyzerPlugin, SuiteAnalyzer, SuiteContext, hookimpl
from sparsebench.errors import StoreError
from sparsebench.leaderboard import publish
from sparsebench.leaderboard.export.write import export
from sparsebench.leaderboard.published import published_report
from sparsebench.progress import Silent
from sparsebench.rank import read_trec
from sparsebench.records import Index, SuiteFolder, read_record, sealed
from sparsebench.records.evidence import published_figure
from sparsebench.records.labels import file_name, is_plain_name, one_word, run_tag
from sparsebench.records.layout import short
from sparsebench.runner import Runner
from sparsebench.store import Store

HOSTILE = "../../../../escaped\t\u3000\u00a0\u2028x"
SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>'


class Drawing(SuiteAnalyzer):
    def analyze(self, context: SuiteContext) -> Analysis:
        return Analysis({"n": 1}, {"a.svg": SVG})


class DrawingPlugin:
    @hookimpl
    def register_analyzers(self) -> Iterable[AnalyzerPlugin]:
        return [AnalyzerPlugin("drawing", Drawing, "")]


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A folder with runs/, leaderboards/ and export/ of a suite whose labels all lead elsewhere."""
    inner = tmp_path / "1" / "2" / "3" / "4"
    inner.mkdir(parents=True)
    label = json.dumps(HOSTILE)
    suite = toys.write_suite(
        inner / "suite.yaml",
        toys.write_collection(inner / "web"),
        f"models: [{{name: words, label: {label}}}]\npostprocessors: [{{name: none, label: {label}}}]\n"
        f"analyzers: [{{name: drawing, label: {label}}}]\n",
    )
    suite.write_text(suite.read_text().replace("name: fruit", f"name: {label}"))
    store = Store(inner / "store")
    board = Runner(store, inner / "runs", Silent()).run(toys.plan_suite(suite, store, toys.registry(DrawingPlugin())))
    assert not board.failures, board.failures
    publish(board, inner / "runs" / "toy", inner / "leaderboards")
    export(board, inner / "runs" / "toy", inner / "export")
    return tmp_path


def test_nothing_that_a_label_names_is_written_outside_its_folder(published: Path) -> None:
    inner = published / "1" / "2" / "3" / "4"
    allowed = {"suite.yaml", "web", "store", "runs", "leaderboards", "export"}
    outside = [path for path in published.rglob("*") if path.is_file() and not path.is_relative_to(inner)]
    assert not outside
    assert {path.name for path in inner.iterdir()} == allowed
    assert len(list((inner / "leaderboards" / "toy").glob("*.svg"))) == 1


def test_the_figure_of_a_hostile_label_is_on_the_published_page(published: Path) -> None:
    report = published_report(published / "1" / "2" / "3" / "4" / "leaderboards", "toy")
    assert "data:image/svg+xml" in report.render("html")


def test_white_space_in_labels_costs_no_cell_and_no_column(published: Path) -> None:
    folder = SuiteFolder(published / "1" / "2" / "3" / "4" / "runs" / "toy")
    (key,) = Index.read(folder.path).cells
    assert read_record(folder.record(key), remedy="").cell.model.label == HOSTILE
    assert len(read_trec(folder.run(key))) == 4


@given(st.text(), st.text())
def test_a_tag_is_one_word_whatever_the_labels(model: str, postprocessor: str) -> None:
    tag = run_tag(model, postprocessor)
    assert tag.split() == [tag]


@given(st.text())
def test_a_file_name_leads_nowhere(label: str) -> None:
    for name in (file_name(label), published_figure(label, "a.svg")):
        assert is_plain_name(name)
        assert Path("x", name).parent == Path("x")
        assert len(name.encode()) <= 200


def test_a_label_without_white_space_is_left_as_it_is() -> None:
    assert one_word("größe[k=1]") == "größe[k=1]"


@pytest.mark.parametrize("artefact", ["../../../../etc", "/etc/passwd", "", "..", None])
def test_what_a_record_calls_a_key_leads_nowhere(artefact: str | None) -> None:
    with pytest.raises(StoreError, match="is no key"):
        short(str(artefact) if artefact is not None else "")


@pytest.mark.parametrize("name", ["../x.svg", "/etc/x.svg", "a/b.svg", "..", ".x.svg", "a\0.svg", "n" * 300 + ".svg"])
def test_an_index_from_a_stranger_names_no_file_elsewhere(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content = {"suite": "toy", "description": "", "cells": [], "files": {name: "0" * 64}}
    (tmp_path / "leaderboards" / "toy").mkdir(parents=True)
    (tmp_path / "leaderboards" / "toy" / "index.json").write_text(json.dumps(sealed(content)))
    monkeypatch.chdir(tmp_path)
    assert sparsebench(monkeypatch, "report", "toy", "--published") == 4
    assert "is damaged" in capsys.readouterr().err


def test_a_suite_that_an_index_names_elsewhere_is_not_written(tmp_path: Path) -> None:
    content = {"suite": "../../evil", "description": "", "cells": []}
    (tmp_path / "index.json").write_text(json.dumps(sealed(content)))
    with pytest.raises(StoreError, match="is no name within a folder"):
        Index.read(tmp_path)
