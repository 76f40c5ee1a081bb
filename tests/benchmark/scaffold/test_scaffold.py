"""What `plugins new` writes works as it stands: installed, it is found, and it passes its own tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sparsebench.errors import SparsebenchError
from sparsebench.scaffold import KINDS, PluginKind, write_package
from venvs import FreshVenv


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_package_installs_and_passes_its_own_tests(kind: PluginKind, tmp_path: Path) -> None:
    package = write_package(kind, "my_method", tmp_path)
    assert package == tmp_path / "sparsebench-my-method"
    venv = FreshVenv.create(tmp_path / "venv")
    venv.run("python", "-m", "pip", "install", str(package), cwd=tmp_path)
    assert f"register_{kind}s" in venv.run("sparsebench", "plugins", "list", cwd=tmp_path).split("| my_method ")[-1]
    assert " passed" in venv.run("python", "-m", "pytest", "-q", cwd=package)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_package_has_its_parts_and_no_placeholder(kind: PluginKind, tmp_path: Path) -> None:
    package = write_package(kind, "my_method", tmp_path)
    files = {path.relative_to(package).as_posix(): path.read_text() for path in package.rglob("*") if path.is_file()}
    parts = {"pyproject.toml", "README.md", "LICENSE", "sparsebench_my_method/__init__.py", "tests/test_conformance.py"}
    assert parts <= files.keys()
    assert not [name for name, text in files.items() if "$" in text or "MODULE" in name or "template" in name]
    assert 'my_method = "sparsebench_my_method"' in files["pyproject.toml"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_package_is_tidy(kind: PluginKind, tmp_path: Path) -> None:
    package = write_package(kind, "my_method", tmp_path)
    for command in (["check", "--select", "E,F,I,UP,B"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", "--line-length", "120", "."]
        done = subprocess.run(ruff, cwd=package, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    package = write_package("model", "my_method", tmp_path)
    (package / "README.md").write_text("mine")
    with pytest.raises(SparsebenchError, match="sparsebench-my-method exists already"):
        write_package("analyzer", "my_method", tmp_path)
    assert (package / "README.md").read_text() == "mine"


@pytest.mark.parametrize("name", ["My_Method", "my-method", "1st", "", "a__b", "a_", "../x"])
def test_a_name_that_makes_no_module_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(SparsebenchError, match="a plugin cannot be called"):
        write_package("model", name, tmp_path)
    assert not list(tmp_path.iterdir())
