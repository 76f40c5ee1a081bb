"""A built-in plugin moves into a package of its own: only its name changes, and it finds what is published."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from venvs import FreshVenv

pytest.importorskip("matplotlib", reason="the figures of a study need matplotlib")

ROOT = Path(__file__).resolve().parents[2]
STUDY = "study-vocabulary"
PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "sparsebench-factors"
version = "1.0"
dependencies = ["sparsebench"]
[project.entry-points.sparsebench]
moved-out = "sparsebench_factors.registered"
"""
REGISTERED = """
from sparsebench import AnalyzerPlugin, hookimpl
from sparsebench_factors import FactorDefinitions, FactorRemoval, FactorTrend

@hookimpl
def register_analyzers():
    found = {"definitions": FactorDefinitions, "removal": FactorRemoval, "trend": FactorTrend}
    return [AnalyzerPlugin(f"factor_{name}", factory, "moved out") for name, factory in found.items()]
"""


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> FreshVenv:
    """With the wheel of the package that `factor_study` moved into."""
    folder = tmp_path_factory.mktemp("moved")
    fresh, package = FreshVenv.create(folder / "venv"), folder / "sparsebench-factors"
    inside = package / "sparsebench_factors"
    source = ROOT / "plugins" / "sparsebench_plugins" / "analyzers" / "factor_study"
    shutil.copytree(source, inside, ignore=shutil.ignore_patterns("__pycache__"))
    for path in inside.glob("*.py"):
        path.write_text(path.read_text().replace("sparsebench_plugins.analyzers.factor_study", "sparsebench_factors"))
    (inside / "registered.py").write_text(REGISTERED)
    (package / "pyproject.toml").write_text(PYPROJECT)
    fresh.run("python", "-m", "pip", "wheel", str(package), "--wheel-dir", str(folder), cwd=folder)
    fresh.run("python", "-m", "pip", "install", *map(str, folder.glob("sparsebench_factors-*.whl")), cwd=folder)
    return fresh


def analyses(leaderboards: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((leaderboards / STUDY / "index.json").read_text())["analyses"]
    return found


def test_it_finds_what_is_published(venv: FreshVenv, tmp_path: Path) -> None:
    (tmp_path / "leaderboards").mkdir()
    shutil.copytree(ROOT / "leaderboards" / STUDY, tmp_path / "leaderboards" / STUDY)
    published = analyses(tmp_path / "leaderboards")
    arguments = ("report", STUDY, "--published", "--analyze", "-p", "no:builtin-analyzers")
    venv.run("sparsebench", *arguments, cwd=tmp_path)
    found = analyses(tmp_path / "leaderboards")
    assert "factor_trend" in published
    for label, values in published.items():
        differing = {name for name in values if values[name] != found[label].get(name)}
        assert differing <= {"artefact", "files"}, f"{label}: {differing}"  # these name the code of then


def test_it_keeps_the_contract(venv: FreshVenv, tmp_path: Path) -> None:
    alone = "SPARSEBENCH_DISABLE_PLUGINS=builtin-analyzers"
    said = venv.run("env", alone, "sparsebench", "plugins", "check", "sparsebench-factors", cwd=tmp_path)
    assert "analyzer factor_trend" in said
