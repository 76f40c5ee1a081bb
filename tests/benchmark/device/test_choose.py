"""Which device `auto` takes, why not a GPU, and which devices are refused."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from commands import sparsebench
from sparsebench.device import choose as module
from sparsebench.device import choose_device, only_this_one, why_no_gpu
from sparsebench.errors import SparsebenchError


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A Linux machine with an NVIDIA driver and torch for CUDA, to take things away from."""

    def with_torch(version: str) -> None:
        monkeypatch.setattr(importlib.metadata, "version", lambda name: version)

    driver = tmp_path / "nvidiactl"
    driver.touch()
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(module, "DRIVER", driver)
    monkeypatch.setattr(module, "WSL", tmp_path / "dxg")
    monkeypatch.setattr(module, "WSL_LIBRARIES", tmp_path / "wsl")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # for what a run hides to be undone, too
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    with_torch("2.13.0")
    return SimpleNamespace(driver=driver, wsl=tmp_path / "dxg", libraries=tmp_path / "wsl", with_torch=with_torch)


def test_auto_takes_the_gpu_where_all_is_there(machine) -> None:
    assert why_no_gpu() is None
    assert choose_device("auto") == "cuda"


@pytest.mark.parametrize("hidden", ["", "-1", " -1", "-1,0", "NoDevFiles"])
def test_every_way_to_hide_the_gpus_is_known(machine, monkeypatch: pytest.MonkeyPatch, hidden: str) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert choose_device("auto") == "cpu"
    assert f"CUDA_VISIBLE_DEVICES={hidden} hides every GPU" in str(why_no_gpu())


def test_a_gpu_that_is_left_visible_is_taken(machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert choose_device("auto") == "cuda"


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("2.13.0+cpu", "torch 2.13.0+cpu is built for CPUs"),
        ("2.13.0+rocm6.4", "AMD's GPUs have not been compared"),
        ("2.13.0+xpu", "Intel's GPUs have not been compared"),
    ],
)
def test_a_torch_that_is_not_for_cuda_is_named(machine, version: str, reason: str) -> None:
    machine.with_torch(version)
    assert choose_device("auto") == "cpu"
    assert reason in str(why_no_gpu())


def test_a_machine_without_a_driver_is_told_apart_from_one_with_half_of_wsl(machine) -> None:
    machine.driver.unlink()
    assert "there is no NVIDIA driver" in str(why_no_gpu())
    machine.wsl.touch()
    assert "WSL2 without NVIDIA's library" in str(why_no_gpu())
    machine.libraries.mkdir()
    (machine.libraries / "libcuda.so.1").touch()
    assert choose_device("auto") == "cuda"


def test_a_mac_is_told_about_mps(machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    assert choose_device("auto") == "cpu"
    assert "mps" in str(why_no_gpu())


@pytest.mark.parametrize("device", ["mps", "xpu:0", "gpu", "cuda:", "cuda:x", "CPU"])
def test_a_device_that_nobody_compared_is_refused_at_the_start(device: str) -> None:
    with pytest.raises(SparsebenchError, match=r"There are: auto, cpu, cuda"):
        choose_device(device)


@pytest.mark.parametrize(
    ("visible", "device", "left"),
    [(None, "cuda:1", "1"), (None, "cuda", "0"), ("2,5", "cuda:1", "5"), ("GPU-a,GPU-b", "cuda", "GPU-a")],
)
def test_all_gpus_but_one_are_hidden(monkeypatch: pytest.MonkeyPatch, visible, device: str, left: str) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible or "")
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert only_this_one(device) == "cuda"
    assert module.os.environ["CUDA_VISIBLE_DEVICES"] == left
    assert only_this_one("cpu") == "cpu"


@pytest.mark.parametrize("hidden", ["", " ", "-1", "-1,0", ",0", "NoDevFiles"])
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_gpus_that_are_hidden_stay_hidden(monkeypatch: pytest.MonkeyPatch, hidden: str, device: str) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert only_this_one(device) == "cuda"
    assert module.os.environ["CUDA_VISIBLE_DEVICES"] == hidden


@pytest.mark.parametrize("visible", ["3", "3,-1,5"])
def test_a_number_beyond_the_visible_ones_is_refused(monkeypatch: pytest.MonkeyPatch, visible: str) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    with pytest.raises(SparsebenchError, match=r"leaves 1 visible"):
        only_this_one("cuda:1")


@pytest.mark.parametrize(
    "error", [AssertionError("Torch not compiled with CUDA enabled"), RuntimeError("Found no NVIDIA driver.\nPlease")]
)
def test_a_run_on_a_gpu_without_a_driver_ends_with_a_sentence_and_computes_nothing(
    machine, error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def ones(*size: int, device: str) -> None:
        raise error

    machine.driver.unlink()
    monkeypatch.setattr(torch, "ones", ones)
    monkeypatch.setenv("SPARSEBENCH_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    assert sparsebench(monkeypatch, "run", "quickstart", "--in-process", "--device", "cuda") == 4
    told = capsys.readouterr().err.strip()
    assert told.count("\n") == 0, "a sentence, no traceback"
    assert told.startswith(f"--device cuda: torch cannot use it ({str(error).splitlines()[0]}).")
    assert "There is no NVIDIA driver" in told
    assert "Try --device cpu" in told
    assert not list(tmp_path.glob("runs/*/*/record.json"))
    assert not (tmp_path / "store" / "vectors").exists()
