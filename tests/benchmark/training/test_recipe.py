"""Reading a recipe: its grid, its mistakes, what it does not import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sparsebench.errors import SuiteError
from sparsebench.training.recipe import load_recipe

HEAD = "name: toy\nbackbone: some/model\ndata: {triples: t.tsv}\nloss: nll\n"


def _write(folder: Path, text: str) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(text)
    return path


def test_a_recipe_without_a_grid_is_one_training_with_the_papers_settings(tmp_path: Path) -> None:
    (variant,) = load_recipe(_write(tmp_path, HEAD))
    assert variant.label == "toy"
    assert variant.settings.data.triples == tmp_path / "t.tsv"
    assert (variant.settings.steps, variant.settings.batch_size, variant.settings.lambda_steps) == (150000, 128, 50000)
    assert (variant.settings.lambda_q, variant.settings.lambda_d) == (3e-4, 1e-4)


def test_a_grid_is_every_combination_and_labels_say_which(tmp_path: Path) -> None:
    grid = "grid: {vocabulary: [10, all], seed: [0, 1]}\n"
    variants = load_recipe(_write(tmp_path, HEAD + grid))
    assert [variant.label for variant in variants] == [
        "toy[vocabulary=10,seed=0]",
        "toy[vocabulary=10,seed=1]",
        "toy[vocabulary=all,seed=0]",
        "toy[vocabulary=all,seed=1]",
    ]
    assert [variant.settings.vocabulary for variant in variants] == [10, 10, "all", "all"]


def test_data_in_a_grid_are_called_by_their_name_and_their_paths_are_resolved(tmp_path: Path) -> None:
    text = "name: toy\nbackbone: b\nloss: infonce\n"
    grid = "grid:\n  data:\n    - {name: captions, pairs: '${WHERE}/a.tsv'}\n    - {name: web, pairs: b.tsv}\n"
    first, second = load_recipe(_write(tmp_path, text + grid), environ={"WHERE": "/data"})
    assert (first.label, first.settings.data.pairs) == ("toy[data=captions]", Path("/data/a.tsv"))
    assert (second.label, second.settings.data.pairs) == ("toy[data=web]", tmp_path / "b.tsv")


def test_an_override_takes_the_place_of_a_value(tmp_path: Path) -> None:
    (variant,) = load_recipe(_write(tmp_path, HEAD), ["steps=20"])
    assert variant.settings.steps == 20


def test_all_mistakes_come_at_once_with_their_places(tmp_path: Path) -> None:
    path = _write(tmp_path, "name: toy\nbackbone: b\nlos: nll\npooling: mean\ndata: {beir: x, pairs: y}\nsteps: 0\n")
    with pytest.raises(SuiteError) as error:
        load_recipe(path)
    lines = str(error.value).splitlines()
    assert lines == [
        f"{path}:1:1: key 'loss' is missing",
        f"{path}:3:1: unknown key 'los'. Did you mean 'loss'?",
        f"{path}:4:1: 'pooling' should be 'max', 'sum' or 'cls', not 'mean'",
        f"{path}:5:7: a training set has exactly one of the keys id, beir, triples, pairs; this one has beir and pairs",
        f"{path}:6:1: 'steps' should be greater than 0, not 0",
    ]


@pytest.mark.parametrize(
    ("loss", "data", "says"),
    [
        ("nll", "pairs: a.tsv", "needs a negative for every query"),
        ("kl", "beir: folder", "needs a negative for every query"),
        ("margin_mse", "id: msmarco-passage/train/triples-small", "needs a teacher's scores"),
    ],
)
def test_a_loss_that_needs_more_than_the_data_can_hold_is_a_mistake(
    loss: str, data: str, says: str, tmp_path: Path
) -> None:
    path = _write(tmp_path, f"name: toy\nbackbone: b\ndata: {{{data}}}\nloss: {loss}\n")
    with pytest.raises(SuiteError, match=says) as error:
        load_recipe(path)
    assert str(error.value).startswith(f"{path}:4:1: ")


def test_a_value_that_is_twice_in_a_grid_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"'toy\[seed=1\]' is there twice"):
        load_recipe(_write(tmp_path, HEAD + "grid: {seed: [1, 1]}\n"))


def test_neither_recipes_nor_the_command_import_torch() -> None:
    code = (
        "import sys, sparsebench.training.recipe\n"
        "assert not {'torch', 'transformers', 'sentence_transformers', 'datasets'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
