"""The suite of ten models of the hub is planned, with small stand-ins of the same shape in the hub's cache."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from commands import sparsebench
from sparsebench.registry import discover
from sparsebench.suite import load_suite
from st_folders import change, pooled, router, save, static, transformer
from toys import write_collection


@pytest.fixture(scope="module")
def shapes(tiny_splade_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The plugin that evaluates it -> a folder of the shape that the hub has."""
    chain = [transformer(tiny_splade_dir), pooled()]
    free = router([static(tiny_splade_dir)], [transformer(tiny_splade_dir), pooled("max", "log1p_relu")])
    return {
        "splade": save(tmp_path_factory.mktemp("symmetric"), *chain),
        "splade_doc": save(tmp_path_factory.mktemp("free"), free),
    }


def test_all_ten_models_are_planned(
    shapes: dict[str, Path],
    repository: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = (repository / "suites" / "zoo.yaml").read_text(encoding="utf-8")
    here = f"collections:\n  - {{name: fruit, beir: {write_collection(tmp_path / 'fruit')}}}\n"
    (tmp_path / "zoo.yaml").write_text(re.sub(r"collections:\n(  .*\n)+", here, text), encoding="utf-8")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("SPARSEBENCH_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    models = load_suite("zoo.yaml", discover(())).models
    for model in models:
        place = tmp_path / "hub" / f"models--{model.params['checkpoint'].replace('/', '--')}" / "snapshots"
        folder = shutil.copytree(shapes[model.name], place / model.params["revision"])
        for config in Path(folder).rglob("config.json"):  # or all ten would be one model under ten names
            if "model_type" in config.read_text():
                change(config.parent, "config.json", "stands_for", model.label)
    assert len({model.params["checkpoint"] for model in models}) == 10
    assert sparsebench(monkeypatch, "plan", "zoo.yaml") == 0
    printed = capsys.readouterr().out
    assert "10 of 10 cells to compute" in printed
    assert printed.count("yes") + printed.count("no, because") >= 8
