"""Every example is run as its reader runs it: scripts in a fresh process, the notebook cell by cell."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rings import private_imports

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
SCRIPTS = {
    "run_a_suite": "hardest queries:",
    "compare_two_systems": "Sinkhorn helps query",
    "a_postprocessor_of_your_own": "bm25 + damped",
    "search_by_hand": "{'q1': ['d3', 'd1'], 'q2': ['d2']}",
}
NOTEBOOK = EXAMPLES / "quickstart.ipynb"


def code_of(notebook: Path) -> list[str]:
    cells = json.loads(notebook.read_text())["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_runs_and_says_what_it_promises(name: str, tmp_path: Path) -> None:
    (tmp_path / "leaderboards").symlink_to(ROOT / "leaderboards")
    environment = {**os.environ, "SPARSEBENCH_STORE": str(tmp_path / "store")}
    done = subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert SCRIPTS[name] in " ".join(done.stdout.split())


def test_the_notebook_runs_and_each_cell_shows_something(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pandas", reason="pandas is not installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPARSEBENCH_STORE", str(tmp_path / "store"))
    names: dict[str, Any] = {}
    shown = [last_value(source, names) for source in code_of(NOTEBOOK)]
    assert all(value is not None for value in shown)
    assert "to compute" in shown[0]._repr_html_()
    assert "<td>bm25</td>" in shown[1]._repr_html_()
    assert len(shown[2]) == 5
    assert shown[3]["count"] > 0
    assert len(shown[4]) == 4


def last_value(source: str, names: dict[str, Any]) -> Any:
    """Run a cell; return the value of its last line, which a notebook shows."""
    *body, last = ast.parse(source).body
    assert isinstance(last, ast.Expr)
    exec(compile(ast.Module(body, []), "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)


def test_every_example_is_run_and_listed() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == SCRIPTS.keys()
    listed = (EXAMPLES / "README.md").read_text()
    assert [path.name for path in EXAMPLES.iterdir() if path.name not in listed and path.name != "README.md"] == []


def test_examples_import_public_names_alone() -> None:
    sources = [path.read_text() for path in EXAMPLES.glob("*.py")] + code_of(NOTEBOOK)
    assert [line for source in sources for line in private_imports(source)] == []


def test_the_notebook_is_committed_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    assert [cell for cell in cells if cell.get("outputs")] == []
