"""What a kill leaves is gone after the next run, and what is damaged is named, set aside and made again."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path

import click
import pytest

import toys
from commands import sparsebench
from sparsebench import cli
from sparsebench.errors import PluginError, reason
from sparsebench.leaderboard import publish
from sparsebench.leaderboard.board import Board
from sparsebench.progress import Silent
from sparsebench.records.sealed import Damage, sealed, unsealed
from sparsebench.registry.importing import import_plugin
from sparsebench.runner import Runner
from sparsebench.store import Store
from sparsebench.store.store import MANIFEST


@pytest.fixture
def dead() -> int:
    """The id of a process that is gone."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def _run(folder: Path) -> Board:
    if not (folder / "suite.yaml").is_file():
        toys.write_suite(folder / "suite.yaml", toys.write_collection(folder / "web"))
    store = Store(folder / "store")
    return Runner(store, folder / "runs", Silent()).run(toys.plan_suite(folder / "suite.yaml", store))


def _hidden(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".*") if path.name != ".gitignore"]


def test_leftovers_of_a_kill_are_gone_after_the_next_run_and_those_of_the_living_stay(
    tmp_path: Path, dead: int
) -> None:
    board = _run(tmp_path)
    publish(board, tmp_path / "runs" / "toy", tmp_path / "leaderboards")
    kind = next(path for path in (tmp_path / "store").iterdir() if path.is_dir())
    places = [
        kind,
        tmp_path / "runs" / "toy",
        tmp_path / "runs" / "toy" / board.records[0].key[:16],
        tmp_path / "leaderboards",
    ]
    for place in places:
        (place / f".writing-{socket.gethostname()}-{dead}-x").mkdir()
        (place / f".writing-{socket.gethostname()}-{os.getpid()}-x").mkdir()
    publish(_run(tmp_path), tmp_path / "runs" / "toy", tmp_path / "leaderboards")
    assert sorted(_hidden(tmp_path)) == sorted(
        place / f".writing-{socket.gethostname()}-{os.getpid()}-x" for place in places
    )


@pytest.mark.parametrize(
    "manifest", ["", "[]", "5", "{}", '{"files": 5}', '{"files": {"a": 5}}', "[" * 100_000, "\xff", '{"files": []}']
)
def test_a_damaged_artefact_is_named_and_made_again_whatever_its_manifest_says(manifest: str, tmp_path: Path) -> None:
    (before,) = _run(tmp_path).records
    for path in (tmp_path / "store").glob(f"*/*/{MANIFEST}"):
        path.write_bytes(manifest.encode("latin-1"))
    (tmp_path / "runs").rename(tmp_path / "earlier")
    with pytest.warns(UserWarning, match="is damaged .*; set aside and made again"):
        (after,) = _run(tmp_path).records
    assert after.model_copy(update={"costs": None}) == before.model_copy(update={"costs": None})


@pytest.mark.parametrize(
    "text",
    [
        '{"schema": 2, "a": "\\ud800", "checksum": "x"}',
        '{"schema": 2, "a": NaN, "checksum": "x"}',
        "[" * 10**5,
        "",
        "5",
    ],
)
def test_what_was_never_sealed_is_damage_with_its_file(text: str) -> None:
    with pytest.raises(Damage, match="here is damaged"):
        unsealed(text, "here", remedy="")


def test_a_schema_that_is_no_number_is_damage() -> None:
    with pytest.raises(Damage, match="its schema is 'two'"):
        unsealed(json.dumps(sealed({"schema": "two"})), "here", remedy="")


def test_what_a_cell_was_made_of_is_written_again_where_it_is_damaged(tmp_path: Path) -> None:
    board = _run(tmp_path)
    path = tmp_path / "runs" / "toy" / board.records[0].key[:16] / "key.json"
    before = path.read_bytes()
    path.write_text("{}")
    _run(tmp_path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (PermissionError(13, "Permission denied", "/x/y"), 4, "/x/y: Permission denied"),
        (OSError(36, "File name too long", "n"), 4, "n: File name too long"),
        (OSError("no number"), 3, "Traceback"),
        (MemoryError(), 4, "memory ended (MemoryError:"),
        (RuntimeError("Traceback (most recent call last):\n  a\nMemoryError"), 4, "memory ended (MemoryError)"),
        (ImportError("libtorch_cpu.so: cannot map zero-fill pages"), 4, "memory ended"),
        (RuntimeError("MemoryError\nwas not the end"), 3, "Traceback"),
        (EOFError("Compressed file ended"), 3, "Compressed file ended"),
    ],
)
def test_what_the_disk_says_is_told_and_the_end_of_a_file_is_no_interruption(
    error: Exception, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    def command() -> None:
        raise error

    monkeypatch.setattr(cli, "cli", command)
    assert sparsebench(monkeypatch) == code
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "{}", '{"queries": {}, "qrels": {}}'])
def test_the_queries_that_were_tested_are_written_again_where_they_are_damaged(text: str, tmp_path: Path) -> None:
    _run(tmp_path)
    (path,) = (tmp_path / "runs" / "toy" / "collections").iterdir()
    before = path.read_bytes()
    path.write_text(text)
    _run(tmp_path)
    assert path.read_bytes() == before


def test_the_reason_of_any_error_is_a_text_that_a_record_can_hold() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise ValueError

    assert reason(Mute()) == "Mute: it has no text"
    assert reason(ValueError("\ud800")) == "ValueError: \\ud800"


def test_a_plugin_whose_import_raises_an_error_without_words_is_named(tmp_path: Path) -> None:
    source = "class Mute(Exception):\n    def __str__(self):\n        raise ValueError\n\n\nraise Mute\n"
    (tmp_path / "mute.py").write_text(source)
    with pytest.raises(PluginError, match=r"plugin .*mute\.py: Mute: it has no text \(.*mute\.py:6\)"):
        import_plugin(str(tmp_path / "mute.py"))
