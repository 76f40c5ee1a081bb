"""Files of a user that are called like ours: everything works, or one sentence names the file that hides it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = "from _sparsebench_command import main; main()"
KINDS = {"models", "postprocessors", "analyzers", "collections"}


def sparsebench(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command in `folder`, which comes first on the path."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "SPARSEBENCH_STORE": str(folder / "store")}
    return subprocess.run(
        [sys.executable, "-c", RUN, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def put(path: Path, text: str = "print('my own')\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "name",
    [
        "plugins/__init__.py",
        "plugins.py",
        "benchmark.py",
        "benchmark/__init__.py",
        "sparsebench/notes.txt",
        "suites/x.py",
    ],
)
def test_names_that_others_have_hide_nothing(name: str, tmp_path: Path) -> None:
    put(tmp_path / name)
    done = sparsebench(tmp_path, "plugins", "list", "--json")
    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout)
    assert {plugin["kind"] for plugin in listed["plugins"]} == KINDS
    assert listed["broken"] == []


@pytest.mark.parametrize("name", ["sparsebench.py", "sparsebench/__init__.py"])
def test_what_hides_the_harness_is_named_and_not_run(name: str, tmp_path: Path) -> None:
    path = put(tmp_path / name)
    done = sparsebench(tmp_path, "plugins", "list")
    assert done.returncode == 4
    told = f"{path} hides the package sparsebench: rename it, or take {tmp_path} from PYTHONPATH\n"
    assert (done.stdout, done.stderr) == ("", told)


@pytest.mark.parametrize("name", ["sparsebench_plugins.py", "sparsebench_plugins/__init__.py"])
def test_what_hides_the_built_in_plugins_is_named(name: str, tmp_path: Path) -> None:
    path = put(tmp_path / name, "")
    done = sparsebench(tmp_path, "plugins", "list", "--json")
    broken = {each["name"]: each["fix"] for each in json.loads(done.stdout)["broken"]}
    assert set(broken) == {f"builtin-{kind}" for kind in KINDS}
    for fix in broken.values():
        assert f"if {path} is not of sparsebench, it hides it: rename it, or take {tmp_path} from PYTHONPATH" in fix
