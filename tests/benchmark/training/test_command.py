"""`sparsebench train`, and a suite that names a recipe where a checkpoint goes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

pytest.importorskip("sentence_transformers", reason="the extra [train] is not installed")
pytest.importorskip("datasets", reason="the extra [train] is not installed")
pytest.importorskip("accelerate", reason="the extra [train] is not installed")

from sparsebench.cli.exits import Exit
from sparsebench.cli.run import command as run
from sparsebench.cli.train import command as train
from sparsebench.errors import NotAtHandError, SparsebenchError
from toys import write_collection


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPARSEBENCH_STORE", str(tmp_path / "store"))
    return tmp_path / "store"


def _lines(*arguments: str, code: int = Exit.OK) -> list[dict[str, object]]:
    found = CliRunner().invoke(train, [*arguments, "--json", "--device", "cpu"], standalone_mode=False)
    assert found.return_value == code, found.output
    return [json.loads(line) for line in found.stdout.splitlines()]


@pytest.fixture
def grid(recipe: Path) -> Path:
    recipe.write_text(recipe.read_text() + "grid: {seed: [0, 1]}\n")
    return recipe


def test_every_step_and_every_result_is_a_line_of_json_and_what_is_there_is_not_trained(grid: Path) -> None:
    first = _lines(str(grid), "--only", "toy[seed=0]", "--steps", "2")
    assert [line.get("step", line.get("status")) for line in first] == [1, 2, "trained"]
    both = _lines(str(grid), "--steps", "2")
    assert [(line["label"], line["status"]) for line in both if "status" in line] == [
        ("toy[seed=0]", "cached"),
        ("toy[seed=1]", "trained"),
    ]


def test_one_that_fails_does_not_stop_the_others(grid: Path) -> None:
    grid.write_text(grid.read_text().replace("seed: [0, 1]", "vocabulary: [99, 9]"))
    results = [line for line in _lines(str(grid), "--steps", "1", code=Exit.FAILED_CELLS) if "status" in line]
    assert [result["status"] for result in results] == ["failed", "trained"]
    assert "99 output dimensions were asked" in str(results[0]["error"])


def test_a_label_that_is_not_there_is_answered_with_those_that_are(grid: Path) -> None:
    with pytest.raises(SparsebenchError, match=r"no training matches nope. There is:\n  toy\[seed=0\]"):
        CliRunner().invoke(train, [str(grid), "--only", "nope"], standalone_mode=False, catch_exceptions=False)


def test_everything_that_is_not_at_hand_is_named_before_any_training(grid: Path, triples: Path) -> None:
    triples.unlink()
    with pytest.raises(NotAtHandError, match=r"there is no file .*triples.tsv"):
        CliRunner().invoke(train, [str(grid)], standalone_mode=False, catch_exceptions=False)


SUITE = """name: trained
measures: [nDCG@10]
depth: 10
collections:
  - {{name: fruit, beir: {collection}, split: test, domain: in}}
models:
  - name: splade
    label: mine
    checkpoint: "recipe:{recipe}#toy[seed=1]"
    max_query_length: 16
    max_document_length: 16
    engine: reference
"""


def test_a_suite_trains_the_recipe_that_stands_where_a_checkpoint_goes(grid: Path, store: Path, tmp_path: Path) -> None:
    suite = tmp_path / "suite.yaml"
    suite.write_text(SUITE.format(collection=write_collection(tmp_path / "fruit"), recipe=grid))
    arguments = [str(suite), "--runs", str(tmp_path / "runs"), "--device", "cpu"]
    with pytest.raises(SparsebenchError, match="is not trained yet; `sparsebench train` does that"):
        CliRunner().invoke(run, [*arguments, "--offline"], standalone_mode=False, catch_exceptions=False)
    found = CliRunner().invoke(run, arguments, standalone_mode=False, catch_exceptions=False)
    assert found.return_value == Exit.OK
    assert "mine" in found.output
    assert len(list((store / "trained").iterdir())) == 1
    (record,) = (json.loads(path.read_text()) for path in (tmp_path / "runs").rglob("record.json"))
    assert record["cell"]["model"]["params"]["checkpoint"].endswith("#toy[seed=1]")


def test_a_recipe_with_several_trainings_needs_a_label(grid: Path) -> None:
    from sparsebench.checkpoints import Files
    from sparsebench.training import locate

    several, unknown = (str(locate(f"recipe:{grid}{label}", None).missing(Files())) for label in ("", "#toy[seed=7]"))
    assert "has several trainings; name one after a `#`" in several
    assert "has no training 'toy[seed=7]'. Did you mean" in unknown
