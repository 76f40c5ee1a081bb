"""`plan` says why each cell is to be computed, and `run` what it did."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import toys
from commands import sparsebench
from sparsebench.cli import Exit
from sparsebench.planning import model as planned_model
from sparsebench.planning.because import changes

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPARSEBENCH_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("COLUMNS", "200")
    toys.write_collection(tmp_path / "fruit")
    suite()


def suite(*, b: float = 0.4, tau: float = 1.0, more: str = "") -> None:
    models = f"models: [{{name: bm25, b: {b}}}]\npostprocessors: [none, {{name: dsl, tau: {tau}}}]\n"
    toys.write_suite(Path("toy.yaml"), Path("fruit"), models + more)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> Callable[..., list[str]]:
    def lines(*more: str, code: int = Exit.OK) -> list[str]:
        capsys.readouterr()
        assert sparsebench(monkeypatch, "run", "toy.yaml", "--in-process", *more) == code
        return capsys.readouterr().out.splitlines()

    return lines


@pytest.fixture
def because(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> Callable[[], dict[str, str]]:
    """Postprocessor -> the reason, as the table has it."""

    def reasons() -> dict[str, str]:
        capsys.readouterr()
        assert sparsebench(monkeypatch, "plan", "toy.yaml") == Exit.OK
        rows = [line.strip("|").split("|") for line in capsys.readouterr().out.splitlines() if "| bm25" in line]
        return {row[2].strip(): row[-1].strip() for row in rows if len(row) == 7}

    return reasons


def test_at_first_nothing_was_ever_computed_and_then_nothing_is_left(run, because) -> None:
    assert because() == {"none": "never computed", "dsl": "never computed"}
    run()
    assert because() == {"none": "", "dsl": ""}


def test_a_parameter_that_changed_is_named_with_both_values(run, because) -> None:
    run()
    suite(tau=2.0)
    assert because() == {"none": "", "dsl": "parameter tau 1.0 -> 2.0"}
    suite(b=0.5)
    assert because() == dict.fromkeys(("none", "dsl"), "bm25 b 0.4 -> 0.5")


def test_the_nearest_of_all_that_were_computed_is_compared(run, because) -> None:
    for b, tau in ((0.4, 1.0), (0.5, 2.0)):
        suite(b=b, tau=tau)
        run()
    suite(b=0.5, tau=3.0)
    assert because()["dsl"] == "parameter tau 2.0 -> 3.0"


def test_a_library_of_another_version_is_named(run, because, monkeypatch: pytest.MonkeyPatch) -> None:
    run()
    monkeypatch.setattr(planned_model, "library_versions", lambda: {"numpy": "9.0"})
    assert "library numpy" in because()["none"]
    assert "-> 9.0" in because()["none"]


def test_documents_judgments_and_candidates_that_changed_are_named(run, because) -> None:
    run()
    corpus = Path("fruit/corpus.jsonl")
    before = corpus.read_text()
    corpus.write_text(before + '{"_id": "new", "title": "", "text": "plum"}\n')
    assert because()["none"] == "documents it is fitted to changed; documents changed"
    corpus.write_text(before)
    suite(more="candidates: all\n")
    assert because()["none"] == "candidates retrieved -> all"


def test_what_failed_or_was_damaged_is_said(run, because) -> None:
    run()
    (path,) = [each for each in Path("runs/toy").glob("*/record.json") if '"name": "dsl"' in each.read_text()]
    (path.parent / "run.trec.gz").write_bytes(b"")
    assert because()["dsl"].startswith("damaged: ")
    assert because()["none"] == ""


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ({"plugin": "a" * 64}, {"plugin": "b" * 64}, ["model's code of documents changed"]),
        ({"model": {"length": 256}}, {"model": {"length": 64}}, ["length of documents 256 -> 64"]),
        (
            {"computed_by": {"engine": "numba"}},
            {"computed_by": {"engine": "exact_int8"}},
            ["engine of documents numba -> exact_int8"],
        ),
        ({"libraries": {"torch": "1"}}, {"libraries": {"torch": "2"}}, ["library torch of documents 1 -> 2"]),
        ({"model": {"prune": None}}, {"model": {"prune": 8}}, ["prune of documents none -> 8"]),
        ({}, {"libraries": {"numba": "1"}}, ["library numba of documents none -> 1"]),
    ],
)
def test_changes_of_one_side_name_it(before: dict, now: dict, said: list[str]) -> None:
    assert changes({"identities": {"document": before}}, {"identities": {"document": now}}) == said
    both = {"identities": {"document": before, "query": before}}, {"identities": {"document": now, "query": now}}
    assert changes(*both) == [each.replace(" of documents", "") for each in said]


def test_code_of_a_postprocessor_is_said_to_have_changed() -> None:
    old, new = ({"postprocessor": {"code": each * 64}} for each in "ab")
    assert changes(old, new) == ["postprocessor's code changed"]
    assert changes(old, old) == []


def test_run_ends_with_what_was_computed_kept_and_reused(run) -> None:
    first = run()
    assert "2 cells: 2 computed, 0 kept, 0 failed" in first
    (texts,) = [line for line in first if line.startswith("texts: ")]
    assert texts.endswith("encoded, vectors of 0 reused")
    assert not texts.startswith("texts: 0 ")
    again = run()
    assert "2 cells: 0 computed, 2 kept, 0 failed" in again
    assert "texts: 0 encoded, vectors of 0 reused" in again  # what is kept needs none
    suite(tau=2.0)
    third = run()
    assert "2 cells: 1 computed, 1 kept, 0 failed" in third
    assert (
        texts.replace("encoded, vectors of 0 reused", "").split()[1]
        in third[third.index("2 cells: 1 computed, 1 kept, 0 failed") + 1]
    )
    assert "texts: 0 encoded" in third[third.index("2 cells: 1 computed, 1 kept, 0 failed") + 1]


def test_measures_that_are_new_are_taken_again_from_the_runs(run) -> None:
    run()
    text = Path("toy.yaml").read_text()
    Path("toy.yaml").write_text(text.replace("nDCG@10", "nDCG@10, P@1", 1))
    assert "2 cells: 0 computed, 2 kept, 0 failed; measures taken again of 2" in run()


def test_only_what_was_asked_for_is_counted(run) -> None:
    assert "1 cell: 1 computed, 0 kept, 0 failed" in run("--only", "dsl")


def test_a_child_process_counts_the_same(run, monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    mine = [line for line in run("--runs", "here", "--store", "a") if line.startswith(("2 cells", "texts"))]
    assert sparsebench(monkeypatch, "run", "toy.yaml", "--store", "b") == Exit.OK
    assert [line for line in capsys.readouterr().out.splitlines() if line.startswith(("2 cells", "texts"))] == mine


def test_what_made_a_suite_is_written_down_whole(run) -> None:
    run("--set", "depth=10", "--limit-queries", "1", "--only", "none")
    (index,) = Path("runs").glob("toy-set-*-limit-1/index.json")
    assert json.loads(index.read_text())["command"] == "sparsebench run toy.yaml --set depth=10 --limit-queries 1"


def test_a_run_announces_what_it_makes_anew_before_it_does(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    def said() -> list[str]:
        capsys.readouterr()
        assert sparsebench(monkeypatch, "run", "toy.yaml", "--in-process") == Exit.OK
        return capsys.readouterr().err.splitlines()

    assert not any("computed again" in line for line in said())
    assert not any("computed again" in line for line in said())
    suite(tau=2.0)
    assert said()[0] == "1 cell is computed again: parameter tau 1.0 -> 2.0"
    suite(tau=2.0, b=0.5)
    assert said()[0] == "2 cells are computed again: bm25 b 0.4 -> 0.5"
