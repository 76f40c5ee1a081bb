"""Installed plugins that are broken are set aside and named, and every command does its work without them."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import toys
from sparsebench.cli import cli

TWIN = """
from sparsebench import Postprocessor, PostprocessorPlugin, hookimpl

class Twin(Postprocessor):
    sees = "query"

@hookimpl
def register_postprocessors():
    return [PostprocessorPlugin("twin", Twin, "given twice")]
"""
ENTRY_POINTS = {
    "malformed": "odd = not a module!",
    "no_attribute": "halved = halved_plugin:missing.attribute",
    "left_behind": "gone = a_plugin_that_was_removed",
    "first_twin": "twin-a = twin_a",
    "second_twin": "twin-b = twin_b",
    "newer": "newer = for_another_contract",
}
"""Distribution -> its entry point."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder on the path with six broken distributions, a suite and its collection."""
    site = tmp_path_factory.mktemp("site")
    for name, entry in ENTRY_POINTS.items():
        info = site / f"{name}-1.5.dist-info"
        info.mkdir()
        (info / "entry_points.txt").write_text(f"[sparsebench]\n{entry}\n")
        if name != "left_behind":  # as an uninstall that broke off leaves it
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n")
    for name in ("twin_a", "twin_b"):
        (site / f"{name}.py").write_text(TWIN)
    (site / "halved_plugin.py").write_text("")
    (site / "for_another_contract.py").write_text("requires_api = 99\n")
    toys.write_suite(
        site / "toy.yaml", toys.write_collection(site / "fruit"), "models: [bm25]\npostprocessors: [none]\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site)
        patch.chdir(site)
        patch.setenv("SPARSEBENCH_STORE", str(site / "store"))
        importlib.invalidate_caches()
        yield site


def says(*words: str) -> str:
    """What a command prints; it must end well."""
    result = CliRunner().invoke(cli, [*words], standalone_mode=False, catch_exceptions=False)
    assert result.return_value in (None, 0), result.output
    return result.output


def test_the_list_names_each_with_its_reason(site: Path) -> None:
    listed = json.loads(says("plugins", "list", "--json"))
    reasons = {each["name"]: each["reason"] for each in listed["broken"]}
    assert reasons.keys() == {"odd", "halved", "gone", "newer"}
    assert "'not a module!' names no module" in reasons["odd"]
    assert "No module named 'a_plugin_that_was_removed'" in reasons["gone"]
    assert "it needs version 99 of the plugin contract" in reasons["newer"]
    assert all(f"-p no:{each['name']}" in each["fix"] for each in listed["broken"])
    assert "the postprocessor 'twin' is given by twin-a (first_twin 1.5" in says("plugins", "list")


@pytest.mark.parametrize("words", [["suites"], ["schema"], ["plan", "toy.yaml"], ["cache", "ls"]], ids=" ".join)
def test_commands_that_compute_nothing_work(site: Path, words: list[str]) -> None:
    says(*words)


def test_a_suite_runs_and_is_reported_in_processes_of_their_own(site: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}

    def command(*words: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "sparsebench", *words]
        return subprocess.run(line, check=False, capture_output=True, text=True, env=environment)

    ran = command("run", "toy.yaml")
    assert (ran.returncode, "Traceback" in ran.stderr) == (0, False), ran.stderr
    assert "bm25 + none" in ran.stdout
    assert "| bm25 " in says("report", "toy")
    assert "1 runs" in says("export", "toy", "--to", str(site / "exported"))


def test_whoever_asks_for_one_is_told_why_it_is_not_there(site: Path) -> None:
    asked = CliRunner().invoke(cli, ["plan", "toy.yaml", "--set", "postprocessors.0=twin"], standalone_mode=False)
    assert "given by twin-a (first_twin 1.5" in str(asked.exception)
    asked = CliRunner().invoke(cli, ["plan", "toy.yaml", "--set", "postprocessors.0=twine"], standalone_mode=False)
    assert "It may be in a plugin that is broken" in str(asked.exception)
