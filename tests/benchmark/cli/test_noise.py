from __future__ import annotations

import json
from pathlib import Path

import pytest

import toys
from commands import sparsebench
from sparsebench.cli.exits import Exit


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPARSEBENCH_STORE", str(tmp_path / "store"))
    toys.write_collection(tmp_path / "fruit")
    toys.write_suite(tmp_path / "toy.yaml", tmp_path / "fruit", "models: [bm25, {name: bm25, label: long, b: 0.0}]\n")


def test_noise_prints_the_floors_and_brings_the_pages_up_to_date(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sparsebench(monkeypatch, "run", "toy.yaml")
    capsys.readouterr()
    assert sparsebench(monkeypatch, "noise", "toy.yaml", "--sample", "3") == Exit.OK
    printed = capsys.readouterr().out
    assert "| long    | 3 of 4 " in printed
    assert "nDCG@10 0, RR@10 0" in printed
    # `long` is no better than bm25 here: 0 is within a floor of 0.
    assert "(+0.0000)" in Path("runs/toy/leaderboard.md").read_text()
    assert sparsebench(monkeypatch, "report", "toy", "--check") == Exit.OK
    assert sparsebench(monkeypatch, "publish", "toy") == Exit.OK
    assert Path("leaderboards/toy/noise.json").is_file()
    assert sparsebench(monkeypatch, "report", "toy", "--published", "--check") == Exit.OK


def test_noise_of_some_cells_keeps_what_is_known_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for model in ("bm25", "long", "bm25"):
        assert sparsebench(monkeypatch, "noise", "toy.yaml", "--only", f"*/{model}/*") == Exit.OK
    found = json.loads(Path("runs/toy/noise.json").read_text())
    assert {group["model"] for group in found["groups"]} == {"bm25", "long"}
    assert not Path("runs/toy/leaderboard.md").exists()  # there are no records yet


def test_compare_states_the_floors(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    sparsebench(monkeypatch, "run", "toy.yaml")
    sparsebench(monkeypatch, "compare", "toy")
    assert "Encoding the same texts" not in capsys.readouterr().out
    sparsebench(monkeypatch, "noise", "toy.yaml")
    sparsebench(monkeypatch, "compare", "toy")
    assert (
        "Encoding the same texts in other ways moved nDCG@10 by at most 0 (bm25), 0 (long)." in capsys.readouterr().out
    )
