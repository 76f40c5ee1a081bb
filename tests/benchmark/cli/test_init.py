from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from commands import sparsebench
from sparsebench.cli.exits import Exit
from sparsebench.registry import Registry
from sparsebench.suite import Suite, load_suite

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("docs.tsv", "queries.tsv", "qrels.txt"):
        Path(name).write_text("")


def loaded(path: str) -> Suite:
    return load_suite(path, Registry.discover())


def test_a_folder_in_beirs_layout_becomes_a_suite_that_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("my drinks").mkdir()
    assert sparsebench(monkeypatch, "init", "--beir", "my drinks") == Exit.OK
    suite = loaded("my-drinks.yaml")
    assert suite.collections[0].beir == Path("my drinks")
    assert suite.collections[0].domain == "unknown"
    assert [model.name for model in suite.models] == ["bm25"]


def test_files_and_a_checkpoint_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("model").mkdir()
    words = ["--docs", "docs.tsv", "--queries", "queries.tsv", "--qrels", "qrels.txt", "--model", "model"]
    assert sparsebench(monkeypatch, "init", *words, "--to", "new/mine.yaml") == Exit.OK
    suite = loaded("new/mine.yaml")
    assert suite.collections[0].docs_tsv == Path("new/../docs.tsv")
    assert suite.models[1].params["checkpoint"] == str(Path("model").resolve())


def test_nothing_at_hand_begins_with_the_collection_in_the_box(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sparsebench(monkeypatch, "init") == Exit.OK
    assert loaded("my-suite.yaml").collections[0].id == "mini/web"


def test_what_does_not_go_together_is_said_and_no_file_is_overwritten(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    assert sparsebench(monkeypatch, "init", "--docs", "docs.tsv") == Exit.USAGE
    assert "--queries and --qrels lacks" in capsys.readouterr().err
    assert sparsebench(monkeypatch, "init", "--docs", "docs.tsv", "--id", "beir/scifact/test") == Exit.USAGE
    Path("my-suite.yaml").write_text("mine")
    assert sparsebench(monkeypatch, "init") == Exit.USAGE
    assert "is there already" in capsys.readouterr().err
    assert Path("my-suite.yaml").read_text() == "mine"


def test_the_suites_that_have_a_name_are_listed(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    Path("suites").mkdir()
    Path("suites/broken.yaml").write_text("a: [")
    assert sparsebench(monkeypatch, "suites") == Exit.OK
    said = capsys.readouterr().out
    assert "quickstart" in said
    assert "cannot be read" in said


def test_a_misspelt_command_is_told_its_name(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    assert sparsebench(monkeypatch, "rnu") == Exit.USAGE
    assert "there is no command 'rnu'. Did you mean 'run'?" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "gbk"])
def test_a_console_that_is_not_utf8_ends_no_command(encoding: str) -> None:
    Path("suites").mkdir()
    text = json.dumps("“flow” é 国 –", ensure_ascii=False)
    Path("suites/x.yaml").write_text(f"name: x\ndescription: {text}\ncollections: []\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "sparsebench", "suites"]
    assert subprocess.run(command, env=environment, capture_output=True).returncode == 0
