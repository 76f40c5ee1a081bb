"""Whole trainings of a tiny random BERT: folders, names, resuming, and what is refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sentence_transformers", reason="the extra [train] is not installed")
pytest.importorskip("datasets", reason="the extra [train] is not installed")
pytest.importorskip("accelerate", reason="the extra [train] is not installed")

from safetensors.numpy import load_file

from sparsebench.errors import TrainingError
from sparsebench.store import Store
from sparsebench.training.checkpoints import training_of
from sparsebench.training.recipe import load_recipe
from sparsebench.training.trained import Training
from sparsebench_plugins.models.splade import Splade

TEXTS = ["apple pear", "old stone", "green sweet sour tree"]


def _training(recipe: Path, store: Path, **overrides: object) -> Training:
    (variant,) = load_recipe(recipe, [f"{key}={value}" for key, value in overrides.items()])
    return training_of(variant, Store(store))


def _folder(training: Training) -> Path:
    return training.run("cpu", lambda state: None).folder


def _ours(folder: Path) -> np.ndarray:
    loaded = Splade(checkpoint=str(folder), max_query_length=16, max_document_length=16, engine="reference").load("cpu")
    return loaded.encode(TEXTS, "document").vectors.toarray()


def _theirs(folder: Path) -> np.ndarray:
    from sentence_transformers import SparseEncoder

    encoder = SparseEncoder(str(folder), device="cpu", trust_remote_code=True)
    return encoder.encode(TEXTS, convert_to_sparse_tensor=False).numpy()


@pytest.mark.parametrize("pooling", ["max", "sum", "cls"])
def test_a_trained_folder_gives_sentence_transformers_and_us_the_same_vectors(
    pooling: str, recipe: Path, tmp_path: Path
) -> None:
    folder = _folder(_training(recipe, tmp_path / "store", pooling=pooling, steps=3))
    np.testing.assert_allclose(_ours(folder), _theirs(folder), rtol=1e-5, atol=1e-6)
    assert (_ours(folder) > 0).any()


def test_a_trained_folder_is_evaluated_at_its_own_length(recipe: Path, tmp_path: Path) -> None:
    folder = _folder(_training(recipe, tmp_path / "store", length=4, steps=1))
    own = Splade(checkpoint=str(folder), engine="reference").load("cpu").encode(TEXTS, "document")
    assert own.truncated > 0
    np.testing.assert_allclose(own.vectors.toarray(), _theirs(folder), rtol=1e-5, atol=1e-6)
    assert not np.allclose(own.vectors.toarray(), _ours(folder))


def test_training_changes_the_weights_and_the_card_says_where_they_come_from(
    recipe: Path, backbone: Path, tmp_path: Path
) -> None:
    training = _training(recipe, tmp_path)
    folder = _folder(training)
    before, after = load_file(backbone / "model.safetensors"), load_file(folder / "model.safetensors")
    assert before.keys() == after.keys()
    assert any((before[name] != after[name]).any() for name in before)
    card = json.loads((folder / "training.json").read_text())
    assert card["recipe"]["label"] == "toy"
    assert card["key"] == folder.name == training.key
    assert card["backbone"]["model.safetensors"]
    assert card["data"]["files"]
    assert "commit" in (card["software"]["git"] or {"commit": None})
    assert (card["examples"], card["dropped"]) == (12, 0)


def test_only_what_changes_the_weights_changes_the_name(recipe: Path, triples: Path, tmp_path: Path) -> None:
    key = _training(recipe, tmp_path).key
    assert _training(recipe, tmp_path, save_every=3, description="other words").key == key
    assert _training(recipe, tmp_path, seed=1).key != key
    triples.write_text(triples.read_text() + "apple\tapple pear\told\n")
    assert _training(recipe, tmp_path).key != key


def test_the_same_recipe_gives_the_same_weights(recipe: Path, tmp_path: Path) -> None:
    first, second = (_folder(_training(recipe, tmp_path / name, steps=3)) for name in "ab")
    assert (first / "model.safetensors").read_bytes() == (second / "model.safetensors").read_bytes()


def test_a_killed_training_goes_on_to_the_same_weights(recipe: Path, tmp_path: Path) -> None:
    code = f"""
import os, signal
from pathlib import Path
from sparsebench.store import Store
from sparsebench.training.recipe import load_recipe
from sparsebench.training.checkpoints import training_of
def kill(state):
    if state["step"] == 5:
        os.kill(os.getpid(), signal.SIGKILL)
(variant,) = load_recipe(Path({str(recipe)!r}), ["save_every=2"])
training_of(variant, Store(Path({str(tmp_path / "killed")!r}))).run("cpu", kill)
"""
    killed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    training = _training(recipe, tmp_path / "killed", save_every=2)
    assert training.find() is None
    half = training.work / "checkpoint-6"
    half.mkdir()  # a checkpoint that a kill cut short
    steps: list[int] = []
    resumed = training.run("cpu", lambda state: steps.append(state["step"])).folder
    assert steps == [5, 6, 7, 8]
    assert not training.work.exists()
    straight = _folder(_training(recipe, tmp_path / "straight", save_every=2))
    assert (resumed / "model.safetensors").read_bytes() == (straight / "model.safetensors").read_bytes()


def test_a_training_that_is_there_is_not_run_again(recipe: Path, tmp_path: Path) -> None:
    training = _training(recipe, tmp_path, steps=2)
    _folder(training)
    calls: list[object] = []
    training.run("cpu", calls.append)
    assert calls == []


@pytest.mark.parametrize("order", ["frequency", "random"])
def test_output_subsets_are_nested_and_others_are_never_active(order: str, recipe: Path, tmp_path: Path) -> None:
    chosen = {}
    for size in (3, 6):
        folder = _folder(_training(recipe, tmp_path, vocabulary=size, vocabulary_order=order, steps=3))
        chosen[size] = {int(line) for line in (folder / "output_ids.txt").read_text().split()}
        assert len(chosen[size]) == size
        assert min(chosen[size]) >= 5, "special tokens come last"
        vectors = _theirs(folder)
        np.testing.assert_allclose(_ours(folder), vectors, rtol=1e-5, atol=1e-6)
        active = set(np.flatnonzero(vectors.any(axis=0)))
        assert active
        assert active <= chosen[size]
    assert chosen[3] < chosen[6]


def test_a_subset_larger_than_the_vocabulary_is_refused(recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="18 output dimensions were asked, and the backbone has 17"):
        _folder(_training(recipe, tmp_path, vocabulary=18))


def test_a_lambda_that_empties_every_vector_is_named_while_training(recipe: Path, tmp_path: Path) -> None:
    steps: list[int] = []
    strong = {"lambda_d": 1e4, "lambda_steps": 1, "learning_rate": 0.3, "warm_up": 0, "steps": 200}
    with pytest.raises(
        TrainingError, match=r"toy: every \w+ vector is empty since step \d+.* lambda_. x .* too strong"
    ):
        _training(recipe, tmp_path, **strong).run("cpu", lambda state: steps.append(state["step"]))
    assert max(steps) < 200


@pytest.mark.parametrize("loss", ["margin_mse", "kl"])
def test_a_teacher_is_used_where_there_is_one_and_missed_where_there_is_none(
    loss: str, recipe: Path, triples: Path, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match=r"--set loss: toy: the loss .* needs a teacher's scores"):
        _folder(_training(recipe, tmp_path, loss=loss))
    triples.write_text("".join(f"{line}\t{i}.5\t1\n" for i, line in enumerate(triples.read_text().splitlines())))
    assert (_folder(_training(recipe, tmp_path, loss=loss, steps=2)) / "model.safetensors").is_file()


@pytest.mark.parametrize("settings", [{"pooling": "max"}, {"pooling": "sum", "vocabulary": 9}])
def test_a_training_that_fails_leaves_the_model_as_it_was(
    settings: dict[str, object], recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoders = []

    def failing(self: object, **_: object) -> None:
        encoders.append(self.model)  # type: ignore[attr-defined]
        raise RuntimeError("a cable")

    monkeypatch.setattr("sentence_transformers.SparseEncoderTrainer.train", failing)
    with pytest.raises(RuntimeError, match="a cable"):
        _folder(_training(recipe, tmp_path / "store", **settings))
    (encoder,) = encoders
    assert "forward" not in vars(encoder[0].auto_model.get_output_embeddings())
    assert "forward" not in vars(encoder[1])
