"""Somebody else's package under `mypy --strict`: our types reach it, and hold it to the contract."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from sparsebench.scaffold import PluginKind, write_package

pytest.importorskip("mypy", reason="mypy is not installed")

PACKAGE = Path(__file__).parent / "sparsebench-example-fruit" / "fruit_retrieval"
OPTIONS = ("--strict", "--ignore-missing-imports", "--config-file=", "--no-error-summary")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy")


def complaints(package: Path, cache: Path) -> list[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("MYPYPATH", "PYTHONPATH")}
    command = [sys.executable, "-m", "mypy", *OPTIONS, f"--cache-dir={cache}", package.name]
    done = subprocess.run(command, cwd=package.parent, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return [line for line in done.stdout.splitlines() if ": error:" in line]


def test_a_plugin_that_keeps_the_contract_has_nothing_to_hear(cache: Path) -> None:
    assert complaints(PACKAGE, cache) == []


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("row_stats: RowStats) -> Tensor", "row_stats: int) -> Tensor", "incompatible with supertype"),
        ('sees: ClassVar[Sees] = "query"', 'sees: ClassVar[Sees] = "everything"', "Incompatible types in assignment"),
        ("-> State:", "-> str:", "incompatible with return type"),
    ],
)
def test_a_plugin_that_breaks_it_is_told(right: str, wrong: str, told: str, cache: Path, tmp_path: Path) -> None:
    package = tmp_path / PACKAGE.name
    shutil.copytree(PACKAGE, package)
    source = (package / "rounded.py").read_text()
    assert right in source
    (package / "rounded.py").write_text(source.replace(right, wrong, 1))
    assert any(told in line for line in complaints(package, cache))


@pytest.mark.parametrize("kind", get_args(PluginKind))
def test_a_plugin_as_it_is_begun_has_nothing_to_hear(kind: PluginKind, cache: Path, tmp_path: Path) -> None:
    write_package(kind, "my_own", tmp_path)
    assert complaints(tmp_path / "sparsebench-my-own" / "sparsebench_my_own", cache) == []
