"""Texts of strangers are shown by terminals, spreadsheets, TeX and markdown, and obeyed by none."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import toys
from commands import sparsebench
from sparsebench.disclosure.visible import shown, visible
from sparsebench.leaderboard.board import Board
from sparsebench.leaderboard.escape import csv_text, latex_text, markdown_lines, markdown_text
from sparsebench.leaderboard.export.write import export
from sparsebench.leaderboard.flat import render_csv
from sparsebench.leaderboard.latex import render_latex
from sparsebench.leaderboard.markdown import render_markdown
from sparsebench.progress import Silent
from sparsebench.runner import Runner
from sparsebench.store import Store

HOSTILE = "=cmd|'/c calc'!A1 \\input{passwd}~^<script>x</script>|\n\x1b]0;owned\x07\x1b[2J\u202e\ue000'; rm -rf x"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def hostile(tmp_path: Path) -> Board:
    """A board whose labels, description and collection are all hostile."""
    label = json.dumps(HOSTILE)
    suite = toys.write_suite(
        tmp_path / "suite.yaml",
        toys.write_collection(tmp_path / "web"),
        f"description: {label}\nmodels: [{{name: words, label: {label}}}]\n"
        f"postprocessors: [{{name: none, label: {label}}}]\n",
    )
    suite.write_text(suite.read_text().replace("name: fruit", f"name: {label}"))
    store = Store(tmp_path / "store")
    board = Runner(store, tmp_path / "runs", Silent()).run(toys.plan_suite(suite, store))
    assert not board.failures
    return board


def test_csv_begins_no_cell_with_a_formula(hostile: Board) -> None:
    rows = list(csv.DictReader(io.StringIO(render_csv(hostile))))
    assert rows[0]["model"] == f"'{HOSTILE}"
    assert not any(value[:1] in "=@" for row in rows for value in row.values() if value)


def test_latex_holds_no_command_of_a_label(hostile: Board) -> None:
    text = render_latex(hostile)
    assert "\\input" not in text
    assert "\\textbackslash" in text
    assert not OBEYED.search(text)
    assert text.count("{") == text.count("}")


def test_markdown_keeps_its_table_and_opens_no_tag(hostile: Board) -> None:
    text = render_markdown(hostile)
    assert "<script>" not in text
    (row,) = [line for line in text.splitlines() if line.startswith("| =cmd")][:1]
    head = text.splitlines()[text.splitlines().index(row) - 2]
    assert len(re.findall(r"(?<!\\)\|", row)) == len(re.findall(r"(?<!\\)\|", head))
    assert not OBEYED.search(text)


def test_ir_metadata_says_the_command_as_a_shell_reads_it(hostile: Board, tmp_path: Path) -> None:
    import shlex

    export(hostile, tmp_path / "runs" / "toy", tmp_path / "export")
    (path,) = (tmp_path / "export").rglob("*.metadata.yml")
    command = yaml.safe_load(path.read_text())["implementation"]["executable"]["cmd"]
    assert shlex.split(command) == ["sparsebench", "run", "toy", "--only", str(hostile.records[0].cell)]


def test_a_terminal_obeys_no_label_and_no_document(
    hostile: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (["report", "toy"], ["report", "toy", "--format", "csv"], ["report", "toy", "--format", "json"]):
        assert sparsebench(monkeypatch, *words) == 0
        assert "owned" in (out := capsys.readouterr().out)
        assert not OBEYED.search(out)
    assert sparsebench(monkeypatch, "report", "no\x1b[2Jsuch") == 4
    assert not OBEYED.search(capsys.readouterr().err)


@given(st.text())
def test_what_is_shown_is_obeyed_by_no_terminal(text: str) -> None:
    assert not OBEYED.search(shown(text))
    assert len(visible(text).splitlines()) <= 1


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_the_escapes_hold_for_any_text(text: str) -> None:
    assert not re.search(r"<[A-Za-z/!]", markdown_text(text) + markdown_lines(text))
    assert not re.search(r"(?<!\\)[&%$#_]", latex_text(text))
    (row,) = csv.reader(io.StringIO(csv_text([[text, "x"]]), newline=""))
    assert row[0] in (text, f"'{text}")
    assert row[0][:1] not in ("=", "+", "-", "@")
