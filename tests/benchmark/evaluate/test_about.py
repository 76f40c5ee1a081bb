"""What plan and records say of a model beside its parameters."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from commands import sparsebench
from sparsebench.records import SuiteFolder, read_record
from toys import plan_suite, write_collection, write_suite

COMMIT = "0123456789abcdef0123456789abcdef01234567"
MODELS = """models:
  - {name: splade, label: v3, checkpoint: naver/splade-v3, revision: COMMIT, max_document_length: 128, TRAINED}
postprocessors: [none]
"""


@pytest.fixture
def suite(tmp_path: Path, tiny_splade_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite of one known checkpoint, which the hub's cache has (a small one stands in for it)."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("SPARSEBENCH_STORE", str(tmp_path / "store"))
    shutil.copytree(tiny_splade_dir, tmp_path / "hub" / "models--naver--splade-v3" / "snapshots" / COMMIT)
    return write_collection(tmp_path / "fruit")


def write(suite: Path, trained: str) -> Path:
    extra = MODELS.replace("COMMIT", COMMIT).replace(", TRAINED", trained)
    return write_suite(suite.parent / "toy.yaml", suite, extra)


def test_a_plan_says_whether_a_checkpoint_is_as_its_authors_ran_it(
    suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(suite.parent)
    assert sparsebench(monkeypatch, "plan", str(write(suite, ""))) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if "no, because" in line)
    assert "documents are cut at 128 tokens, not 256" in line
    assert "msmarco-passage" in line


@pytest.mark.parametrize(("trained", "zero_shot"), [("", True), (", trained_on: [fruit]", False)])
def test_a_record_says_what_the_model_was_trained_on_and_a_changed_word_computes_nothing(
    trained: str, zero_shot: bool, suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(suite.parent)
    folder = SuiteFolder(Path("runs") / "toy")
    for said, expected in (("", True), (trained, zero_shot)):
        assert sparsebench(monkeypatch, "run", str(write(suite, said)), "--quiet", "--in-process") == 0
        (path,) = folder.path.glob("*/record.json")
        about = read_record(path, remedy="").cell.about_model
        assert about["zero_shot"] is expected
        assert about["lengths"] == {"query": 256, "document": 128}
    assert about["as_authors"]["answer"] == "no"


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (256, {"answer": "yes", "because": []}),
        (128, {"answer": "no", "because": ["documents are cut at 128 tokens, not 256"]}),
    ],
)
def test_a_record_says_whether_a_checkpoint_is_as_its_authors_ran_it_and_why_not(
    length: int, expected: dict[str, object], suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(suite.parent)
    path = write(suite, "")
    path.write_text(path.read_text().replace("max_document_length: 128", f"max_document_length: {length}"))
    assert sparsebench(monkeypatch, "run", str(path), "--quiet", "--in-process") == 0
    (record,) = SuiteFolder(Path("runs") / "toy").path.glob("*/record.json")
    assert read_record(record, remedy="").cell.about_model["as_authors"] == expected


def test_what_a_suite_says_of_training_is_in_no_key(suite: Path, tmp_path: Path) -> None:
    from sparsebench.registry import discover
    from sparsebench.store import Store

    keys = {
        plan_suite(write(suite, said), Store(tmp_path / "s"), discover(())).keys
        for said in ("", ", trained_on: [fruit]")
    }
    assert len(keys) == 1
