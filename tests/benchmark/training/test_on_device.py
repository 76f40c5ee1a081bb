"""Training on a GPU, as simulated: 20 steps, and the weights are those of the CPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("sentence_transformers", reason="the extra [train] is not installed")
pytest.importorskip("datasets", reason="the extra [train] is not installed")
pytest.importorskip("accelerate", reason="the extra [train] is not installed")

from safetensors.numpy import load_file

from device.simulator import simulated
from sparsebench.errors import TrainingError
from sparsebench.store import Store
from sparsebench.training import late_decoder
from sparsebench.training.checkpoints import training_of
from sparsebench.training.recipe import load_recipe

TESTS = Path(__file__).resolve().parents[2]


def trained(recipe: Path, store: Path, device: str, **overrides: object) -> tuple[Path, list[float]]:
    (variant,) = load_recipe(recipe, [f"{key}={value}" for key, value in overrides.items()])
    losses: list[float] = []
    artefact = training_of(variant, Store(store)).run(device, lambda state: losses.append(state["loss"]))
    return artefact.folder, losses


def in_a_process(recipe: Path, store: Path, device: str) -> tuple[Path, list[float], dict[str, dict]]:
    """The trained folder, the losses and the counts of 20 steps.

    In a process of its own: torch's autograd asks once, at its first backward pass, which devices there are.
    """
    told = store.with_suffix(".json")
    words = ["train", str(recipe), "--device", device, "--steps", "20", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "device.simulator", "--json", str(told), *words],
        env={**os.environ, "PYTHONPATH": str(TESTS), "SPARSEBENCH_STORE": str(store)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    *states, result = map(json.loads, done.stdout.splitlines())
    return Path(result["folder"]), [state["loss"] for state in states if "loss" in state], json.loads(told.read_text())


def test_twenty_steps_on_the_device_are_those_of_the_cpu(recipe: Path, tmp_path: Path) -> None:
    folder, losses, counts = in_a_process(recipe, tmp_path / "gpu", "cuda:1")
    assert counts["numbers"]["launches"] > 1000, "it trained there"
    passes = 20 * 3  # of queries, positives and negatives
    waits = counts["by_line"]["waits"]
    assert 0 < sum(waits[line] for line in waits if "late_decoder" in line) <= passes
    assert losses[-1] < losses[0]
    expected, *_ = in_a_process(recipe, tmp_path / "cpu", "cpu")
    ours, theirs = (load_file(place / "model.safetensors") for place in (folder, expected))
    assert ours.keys() == theirs.keys()
    for name, weight in ours.items():
        assert np.array_equal(weight, theirs[name]), name


@pytest.mark.parametrize("seed", range(5))
def test_gradients_of_all_texts_at_once_are_those_of_text_by_text(seed: int) -> None:
    chance = torch.Generator().manual_seed(seed)
    hidden, weight = torch.randn(4, 6, 8, generator=chance), torch.randn(30, 8, generator=chance)
    mask = torch.arange(6) < torch.tensor([[6], [3], [1], [4]])
    gradient = torch.randn(4, 30, generator=chance) * (torch.rand(4, 30, generator=chance) < 0.3)
    where = (hidden @ weight.T).masked_fill(~mask[:, :, None], -torch.inf).argmax(dim=1).int()
    expected = late_decoder._text_by_text(gradient, hidden, weight, mask)
    found = late_decoder._of_all_texts(gradient, hidden, weight, where)
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(found, expected, strict=True))


def test_several_visible_gpus_are_refused_and_not_all_taken(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    with simulated(), pytest.raises(TrainingError, match=r"2 GPUs are visible to this process"):
        trained(recipe, tmp_path, "cuda:1", steps=2)
