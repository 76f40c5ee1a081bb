from __future__ import annotations

import json
from pathlib import Path

import pytest

from boards import write_rich
from commands import sparsebench
from sparsebench.cli import Exit

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_rich(tmp_path / "runs")
    Path("my suite.yaml").write_text("name: rich\n")


@pytest.mark.parametrize("words", [["report"], ["compare"], ["publish"]])
@pytest.mark.parametrize("asked", ["rich", "my suite.yaml", "./my suite.yaml"])
def test_what_run_takes_the_others_take_too(monkeypatch: pytest.MonkeyPatch, words: list[str], asked: str) -> None:
    assert sparsebench(monkeypatch, *words, asked) in (Exit.OK, Exit.USAGE if words == ["publish"] else Exit.OK)
    if words != ["publish"]:
        assert sparsebench(monkeypatch, *words, asked, "--limit-queries", "3") == Exit.USAGE


def test_a_message_names_the_command_that_helps(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    assert sparsebench(monkeypatch, "report", "my suite.yaml", "--runs", "nowhere") == Exit.USAGE
    assert "nowhere/rich holds no results. `sparsebench run my suite.yaml` makes them." in capsys.readouterr().err
    assert sparsebench(monkeypatch, "report", "rich", "--limit-queries", "3") == Exit.USAGE
    said = capsys.readouterr().err
    assert "There is: rich. `sparsebench run rich --limit-queries 3` makes them." in said
    assert sparsebench(monkeypatch, "report", "rich", "--published") == Exit.USAGE
    assert "`sparsebench publish rich` makes them." in capsys.readouterr().err


def test_a_name_with_two_meanings_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    Path("rich.yaml").write_text("name: other\n")
    assert sparsebench(monkeypatch, "report", "rich") == Exit.USAGE
    said = capsys.readouterr().err
    assert "'rich' has two meanings" in said
    assert "'other'" in said


def test_a_comparison_is_written_in_any_format(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    assert sparsebench(monkeypatch, "compare", "rich", "--format", "json") == Exit.OK
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert sparsebench(monkeypatch, "compare", "rich", "--format", "csv", "--output", "out.csv") == Exit.OK
    lines = Path("out.csv").read_text().splitlines()
    assert len(lines) == len(rows) + 1
    assert lines[0].split(",") == list(rows[0])
    capsys.readouterr()
    assert sparsebench(monkeypatch, "compare", "rich", "--format", "latex") == Exit.OK
    table = capsys.readouterr().out
    assert table.startswith("% needs \\usepackage{booktabs}")
    assert table.count("\\\\\n") == len(rows) + 1


def test_only_some_rows_are_compared(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    assert sparsebench(monkeypatch, "compare", "rich", "--format", "json") == Exit.OK
    everything = json.loads(capsys.readouterr().out)
    model = everything["baseline"].split(" + ")[0]
    assert sparsebench(monkeypatch, "compare", "rich", "--format", "json", "--only", f"*/{model}/*") == Exit.OK
    some = json.loads(capsys.readouterr().out)["rows"]
    assert {row["row"].split(" + ")[0] for row in some} == {model}
    assert sparsebench(monkeypatch, "compare", "rich", "--only", "nothing") == Exit.USAGE
    assert "no cell matches nothing. There is:" in capsys.readouterr().err
