"""What is published holds no folder of the machine that made it, and nothing of its environment but names."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

import toys
from sparsebench import (
    Analysis,
    AnalyzerPlugin,
    CellAnalyzer,
    CellContext,
    LoadedEncoder,
    ModelPlugin,
    SparseEncoder,
    SuiteAnalyzer,
    SuiteContext,
    hookimpl,
)
from sparsebench.disclosure.privacy import hidden, without_values
from sparsebench.errors import SuiteError
from sparsebench.leaderboard import publish
from sparsebench.leaderboard.board import Board
from sparsebench.leaderboard.export.write import export
from sparsebench.leaderboard.published import published_report
from sparsebench.leaderboard.report import FORMATS
from sparsebench.progress import Silent
from sparsebench.records import read_record
from sparsebench.runner import Runner
from sparsebench.store import Store
from sparsebench.suite import load_suite
from sparsebench.types import Json, Role

TOKEN = "hf_s3cr3tOfTheTest"
ABSOLUTE = re.compile(r"(?<![\w/.~:}<-])/(?:home|tmp|root|usr|work|data|opt|etc|var)/[^\s\"']*")


class Placed(SparseEncoder):
    """A model of the toy words that lies somewhere."""

    def __init__(self, *, checkpoint: str, folder: Path, token: str, fails: bool = False) -> None:
        self._said, self._fails = (checkpoint, str(folder), token), fails

    def identity(self, role: Role) -> Mapping[str, Json]:
        return {"words": 1, "fails": self._fails, "made_of": list(self._said)}

    def load(self, device: str) -> LoadedEncoder:
        if self._fails:
            raise RuntimeError(f"{self._said[0]}/model.bin is broken; the token {self._said[2]} was refused")
        return toys.LoadedWords(0.5)


class Chatty(CellAnalyzer):
    def analyze(self, context: CellContext) -> Analysis:
        return Analysis({"read": str(Path.cwd() / "deep" / "x.txt"), TOKEN: [TOKEN]}, summary=f"from {Path.cwd()}/y z")


class Drawing(SuiteAnalyzer):
    def analyze(self, context: SuiteContext) -> Analysis:
        return Analysis(
            {"n": 1}, {"a.svg": f"<svg xmlns='http://www.w3.org/2000/svg'><text>{Path.cwd()}/q</text></svg>"}
        )


class Plugins:
    @hookimpl
    def register_models(self) -> Iterable[ModelPlugin]:
        return [ModelPlugin("placed", Placed, "")]

    @hookimpl
    def register_analyzers(self) -> Iterable[AnalyzerPlugin]:
        return [AnalyzerPlugin("chatty", Chatty, ""), AnalyzerPlugin("drawing", Drawing, "")]


def _run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str = "false") -> Board:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODELS_OF_TEST", str(tmp_path / "models"))
    monkeypatch.setenv("TOKEN_OF_TEST", TOKEN)
    monkeypatch.setenv("WEB_OF_TEST", str(tmp_path / "web"))
    toys.write_collection(tmp_path / "web")
    suite = toys.write_suite(
        tmp_path / "suite.yaml",
        Path("'${WEB_OF_TEST}'"),
        f"description: as in {tmp_path}/notes.txt\nmodels:\n  - name: placed\n    checkpoint: ${{MODELS_OF_TEST}}/x\n"
        f"    folder: {tmp_path / 'far' / 'away'}\n    token: ${{TOKEN_OF_TEST}}\n    fails: {fails}\n"
        "analyzers: [chatty, drawing]\n",
    )
    store = Store(tmp_path / "store")
    plan = toys.plan_suite(suite, store, toys.registry(Plugins()))
    return Runner(store, tmp_path / "runs", Silent()).run(plan)


def _text(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode()


def _found(folder: Path, private: Path) -> list[str]:
    """Every place below a folder that says what it should not."""
    return [
        f"{path.relative_to(folder)}: {hit}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for hit in (str(private), TOKEN, *ABSOLUTE.findall(_text(path)))
        if hit in _text(path)
    ]


def test_published_records_pages_and_exports_hold_no_path_and_no_value_of_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = _run(tmp_path, monkeypatch)
    assert not board.failures, board.failures
    publish(board, tmp_path / "runs" / "toy", tmp_path / "leaderboards")
    export(board, tmp_path / "runs" / "toy", tmp_path / "export")
    report = published_report(tmp_path / "leaderboards", "toy")
    for form in FORMATS:
        (tmp_path / "export" / f"page.{form}").write_text(report.render(form))
    for name in ("leaderboards", "export", "runs"):
        assert not _found(tmp_path / name, tmp_path), name


def test_the_name_of_the_variable_stands_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (record,) = _run(tmp_path, monkeypatch).records
    params = record.cell.model.params
    assert params["checkpoint"] == "${MODELS_OF_TEST}/x"
    assert params["token"] == "${TOKEN_OF_TEST}"
    assert params["folder"] == "away"


def test_an_error_and_its_traceback_are_written_without_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (record,) = _run(tmp_path, monkeypatch, fails="true").records
    assert record.error is not None
    assert "${TOKEN_OF_TEST} was refused" in record.error
    assert record.provenance.traceback
    assert not _found(tmp_path / "runs", tmp_path)


def test_a_record_is_read_as_it_was_made_so_nothing_is_computed_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (made,) = _run(tmp_path, monkeypatch).records
    (path,) = (tmp_path / "runs" / "toy").glob("*/record.json")
    before = path.stat().st_mtime_ns
    assert read_record(path, remedy="") == made
    again = Runner(Store(tmp_path / "store"), tmp_path / "runs", Silent()).run(
        toys.plan_suite(tmp_path / "suite.yaml", Store(tmp_path / "store"), toys.registry(Plugins()))
    )
    assert list(again.records) == [made]
    assert path.stat().st_mtime_ns == before


def test_a_mistake_does_not_repeat_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEMMER_OF_TEST", TOKEN)
    suite = toys.write_suite(
        tmp_path / "suite.yaml",
        toys.write_collection(tmp_path / "web"),
        "models: [{name: words, expansion: '${STEMMER_OF_TEST}'}]\n",
    )
    with pytest.raises(SuiteError) as error:
        load_suite(suite, toys.registry())
    assert TOKEN not in str(error.value)
    assert "${STEMMER_OF_TEST}" in str(error.value)


def test_a_label_that_is_a_path_is_refused(tmp_path: Path) -> None:
    suite = toys.write_suite(
        tmp_path / "suite.yaml", toys.write_collection(tmp_path / "web"), "models: [{name: words, label: /home/x/y}]\n"
    )
    with pytest.raises(SuiteError, match="is an absolute path, and labels are published"):
        load_suite(suite, toys.registry())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/me/models/x", "x"),
        ("/home/me and you/models/x", "x"),
        ("C:\\Users\\me\\x", "x"),
        ("no file 'C:/Users/me/x' here", "no file 'x' here"),
        ('File "/usr/lib/python3/x.py", line 3', 'File "x.py", line 3'),
        ("/home/me/s.yaml:3:4: no", "s.yaml:3:4: no"),
        ("see file:///home/me/x", "see x"),
        ("https://example.org/a/b and and/or 1/2", "https://example.org/a/b and and/or 1/2"),
        ("beir/scifact/test", "beir/scifact/test"),
        ("<g></g></svg>", "<g></g></svg>"),
        ("", ""),
    ],
)
def test_paths_are_told_from_what_only_has_slashes(text: str, shown: str) -> None:
    assert hidden({"a": [text]}) == {"a": [shown]}


def test_secrets_of_the_environment_are_hidden_wherever_they_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "abcdefgh")
    assert hidden("key abcdefgh") == "key ${SOME_API_KEY}"
    assert without_values("key abcdefgh") == "key ${SOME_API_KEY}"


def test_the_boards_that_are_published_hold_none(repository: Path) -> None:
    for path in sorted((repository / "leaderboards").rglob("*")):
        if path.is_file():
            text = _text(path)
            assert not ABSOLUTE.findall(text), path.name
            if path.suffix in (".json", ".jsonl"):
                for line in text.splitlines() if path.suffix == ".jsonl" else [text]:
                    assert hidden(json.loads(line)) == json.loads(line), path.name
