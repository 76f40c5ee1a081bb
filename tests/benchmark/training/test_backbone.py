"""Where training starts: heads that a backbone lacks, fresh ones, no weights at all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from safetensors.numpy import load_file  # noqa: E402

from sparsebench.errors import TrainingError  # noqa: E402
from sparsebench.training.backbone import digests, write_start  # noqa: E402
from sparsebench.training.checkpoints import locate  # noqa: E402
from sparsebench.training.recipe import load_recipe  # noqa: E402

DENSE = "cls.predictions.transform.dense.weight"
GAIN = "cls.predictions.transform.LayerNorm.weight"
EMBEDDINGS = "bert.embeddings.word_embeddings.weight"


@pytest.fixture
def headless(backbone: Path, tmp_path: Path) -> Path:
    """The encoder alone."""
    folder = tmp_path / "headless"
    transformers.BertModel.from_pretrained(backbone, add_pooling_layer=False).save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(backbone).save_pretrained(folder)
    return folder


def _start(folder: Path, recipe: Path, name: str, **settings: object) -> dict[str, np.ndarray]:
    overrides = [f"backbone={folder}", *(f"{key}={json.dumps(value)}" for key, value in settings.items())]
    (variant,) = load_recipe(recipe, overrides)
    place = recipe.parent / name
    write_start(variant, locate(variant.settings.backbone, variant.settings.revision), place)
    return load_file(place / "model.safetensors")


def test_a_head_of_identity_is_scaled_and_the_encoder_is_kept(headless: Path, recipe: Path) -> None:
    weights = _start(headless, recipe, "a", head="identity", head_scale=0.25)
    np.testing.assert_array_equal(weights[DENSE], np.eye(16))
    np.testing.assert_array_equal(weights[GAIN], np.full(16, 0.25))
    np.testing.assert_array_equal(
        weights[EMBEDDINGS], load_file(headless / "model.safetensors")["embeddings.word_embeddings.weight"]
    )


def test_outputs_of_a_fresh_head_begin_at_its_bias_and_nothing_else_does(headless: Path, recipe: Path) -> None:
    weights = _start(headless, recipe, "a", head="identity", head_bias=-2.5)
    (outputs,) = {name for name, each in weights.items() if name.endswith("bias") and (each == -2.5).any()}
    assert outputs == "cls.predictions.bias"
    assert (weights[outputs] == -2.5).all()
    assert len(weights[outputs]) == len(weights[EMBEDDINGS])


def test_a_random_head_hangs_on_the_seed_alone(headless: Path, recipe: Path) -> None:
    first, again, other = (
        _start(headless, recipe, name, head="random", seed=seed)[DENSE] for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_backbone_without_head_needs_one(headless: Path, recipe: Path) -> None:
    with pytest.raises(TrainingError, match="has no head of a masked language model; add `head: identity`"):
        _start(headless, recipe, "a")


def test_a_head_that_is_there_is_kept_unless_a_fresh_one_is_asked(backbone: Path, recipe: Path) -> None:
    there = load_file(backbone / "model.safetensors")[DENSE]
    np.testing.assert_array_equal(_start(backbone, recipe, "a", head="identity")[DENSE], there)
    np.testing.assert_array_equal(_start(backbone, recipe, "b", head="identity", fresh_head=True)[DENSE], np.eye(16))


def test_from_scratch_keeps_nothing_but_the_shape(backbone: Path, recipe: Path) -> None:
    weights = _start(backbone, recipe, "a", from_scratch=True, seed=3)
    there = load_file(backbone / "model.safetensors")
    assert {name: each.shape for name, each in weights.items()} == {name: each.shape for name, each in there.items()}
    assert (weights[EMBEDDINGS] != there[EMBEDDINGS]).any()


def test_files_of_one_name_in_two_folders_have_a_digest_each(backbone: Path, recipe: Path) -> None:
    (variant,) = load_recipe(recipe, [f"backbone={backbone}"])
    location = locate(variant.settings.backbone, variant.settings.revision)
    for folder, text in (("a", "one"), ("b", "two")):
        (backbone / folder).mkdir()
        (backbone / folder / "more.safetensors").write_text(text)
    found = digests(variant.settings, location)
    assert "model.safetensors" in found
    assert found["a/more.safetensors"] != found["b/more.safetensors"]
