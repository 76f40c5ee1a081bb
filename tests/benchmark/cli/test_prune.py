from __future__ import annotations

import socket
from pathlib import Path

import pytest

import toys
from commands import sparsebench
from sparsebench.cli import Exit
from sparsebench.store import Store

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPARSEBENCH_STORE", str(tmp_path / "store"))
    toys.write_collection(tmp_path / "fruit")
    for tau in ("1.0", "2.0"):
        more = f"models: [bm25]\npostprocessors: [none, {{name: dsl, tau: {tau}}}]\nanalyzers: [sparsity]\n"
        toys.write_suite(tmp_path / "toy.yaml", tmp_path / "fruit", more)
        assert sparsebench(monkeypatch, "run", "toy.yaml", "-q", "--in-process") == Exit.OK


def cells() -> set[str]:
    return {path.parent.name for path in Path("runs/toy").glob("*/record.json")}


def test_cells_of_earlier_parameters_go_and_the_suites_own_stay(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    mine = Path("runs/toy/notes")
    mine.mkdir()
    assert len(cells()) == 3
    assert sparsebench(monkeypatch, "runs", "prune", "--dry-run") == Exit.OK
    assert "1 folder would be deleted" in capsys.readouterr().out
    assert len(cells()) == 3
    assert sparsebench(monkeypatch, "runs", "prune", "toy.yaml") == Exit.OK
    assert "1 folder deleted" in capsys.readouterr().out
    assert len(cells()) == 2
    assert mine.is_dir()
    assert len(list(Path("runs/toy/analyses").iterdir())) == 1
    assert sparsebench(monkeypatch, "plan", "toy.yaml") == Exit.OK
    assert "0 of 2 cells to compute" in capsys.readouterr().out


def test_results_are_listed_with_what_could_go(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    capsys.readouterr()
    assert sparsebench(monkeypatch, "runs", "ls") == Exit.OK
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "| toy" in line]
    assert [cell.strip() for cell in line.strip("|").split("|")][::2] == ["toy", "1"]
    assert sparsebench(monkeypatch, "runs", "prune", "other") == Exit.USAGE
    assert "runs/other holds no results" in capsys.readouterr().err
    assert sparsebench(monkeypatch, "runs", "prune", "--runs", "nowhere") == Exit.OK


def vectors() -> set[str]:
    return {path.parent.name for path in Path("store/vectors").glob("*/manifest.json")}


def other_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second suite that has run: vectors of another bm25 on the same collection."""
    toys.write_suite(tmp_path / "other.yaml", tmp_path / "fruit", "models: [{name: bm25, b: 0.1}]\n")
    assert sparsebench(monkeypatch, "run", "other.yaml", "-q", "--in-process") == Exit.OK


def test_vectors_that_no_suite_names_go_and_those_of_a_suite_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    mine = vectors()
    other_suite(tmp_path, monkeypatch)
    theirs = vectors() - mine
    assert mine
    assert theirs
    assert sparsebench(monkeypatch, "cache", "prune", "toy.yaml", "other.yaml", "--yes") == Exit.OK
    assert vectors() == mine | theirs
    assert sparsebench(monkeypatch, "cache", "prune", "toy.yaml", "--dry-run") == Exit.OK
    assert f"would be deleted: {len(theirs)} artefact" in capsys.readouterr().out
    assert vectors() == mine | theirs
    assert sparsebench(monkeypatch, "cache", "prune", "toy.yaml", "--yes") == Exit.OK
    assert vectors() == mine


def test_without_names_every_suite_that_is_at_hand_keeps_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    other_suite(tmp_path, monkeypatch)
    before = vectors()
    Path("broken.yaml").write_text("name: broken\n")
    assert sparsebench(monkeypatch, "cache", "prune", "--yes") == Exit.OK
    said = capsys.readouterr().out
    assert "named by: other, " in said
    assert "passed over: broken (broken.yaml:1:1: key 'collections' is missing" in said
    assert vectors() == before
    Path("other.yaml").unlink()
    assert sparsebench(monkeypatch, "cache", "prune", "--yes") == Exit.OK
    assert vectors() < before


def test_vectors_of_a_collection_that_is_gone_from_the_suite_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toys.write_suite(tmp_path / "small.yaml", tmp_path / "fruit", "models: [bm25]\n")
    before = vectors()
    with (tmp_path / "fruit/corpus.jsonl").open("a") as corpus:
        corpus.write('{"_id": "more", "title": "", "text": "plum"}\n')
    assert sparsebench(monkeypatch, "run", "small.yaml", "-q", "--in-process") == Exit.OK
    assert sparsebench(monkeypatch, "cache", "prune", "small.yaml", "--yes") == Exit.OK
    assert before - vectors()
    assert vectors() - before


def test_what_kills_left_behind_and_what_was_damaged_is_swept_and_trainings_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "store")
    for kind in ("trained", "vectors"):
        with store.writing(kind, "k" * 8, {}) as folder:
            (folder / "file").write_text("x")
    (tmp_path / "store/damaged/one").mkdir(parents=True)
    dead = tmp_path / "store/vectors" / f".writing-{socket.gethostname()}-999999999-x"
    dead.mkdir()
    assert sparsebench(monkeypatch, "cache", "prune", "toy.yaml", "--yes") == Exit.OK
    assert not dead.exists()
    assert not (tmp_path / "store/damaged").exists()
    assert (tmp_path / "store/trained" / ("k" * 8)).is_dir()
    assert "k" * 8 not in vectors()


def test_a_suite_that_cannot_be_planned_deletes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = vectors()
    assert sparsebench(monkeypatch, "cache", "prune", "nosuch.yaml", "--yes") == Exit.USAGE
    assert vectors() == before
