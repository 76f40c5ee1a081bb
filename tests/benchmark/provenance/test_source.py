"""The code behind the harness's own results, changed in a copy of the package."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

import sparsebench
from sparsebench.planning.keys import ANALYZING, MEASURING, RANKING
from sparsebench.planning.model import ENCODING
from sparsebench.provenance import imports
from sparsebench.provenance.imports import Imports
from sparsebench.provenance.numberless import NUMBERLESS
from sparsebench.provenance.source import HARNESS, code_digest, forget_code, modules_behind
from sparsebench.provenance.syntax import Syntax
from sparsebench.training.trained import TRAINING

ROOTS = (RANKING, ANALYZING, *MEASURING, *ENCODING.values(), TRAINING, "sparsebench.collection.read")


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package's files in a folder where they may be changed; the code that runs stays what it is."""
    folder = tmp_path / HARNESS
    shutil.copytree(Path(sparsebench.__file__).parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(sparsebench, "__path__", [str(folder)])
    yield folder
    forget_code()


def digests() -> dict[str, str]:
    forget_code()
    return {root: code_digest(root) for root in ROOTS}


def digest_now(root: str) -> str:
    forget_code()
    return code_digest(root)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path} has {text.count(old)} times {old!r}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def append(path: Path, code: str) -> None:
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{code}\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("types.py", "[part.documents for part in parts]", "[part.documents for part in parts[::-1]]"),
        ("contracts/models.py", "def score_bank(", "def score_the_bank("),
        ("contracts/postprocessors.py", "def row_stats(", "def statistics("),
        ("workers.py", "def in_threads", "def in_order"),
        ("evaluate/tuning.py", "FOLDS = 5", "FOLDS = 4"),
        ("search/views.py", "div_(self.scale)", "mul_(self.scale)"),
        ("rank/topk.py", "def tie_order", "def another_order"),
        ("measures/measuring.py", "def aggregate", "def mean"),
    ],
)
def test_a_change_of_behaviour_changes_the_key_of_cells(copy: Path, file: str, old: str, new: str) -> None:
    before = digest_now(RANKING)
    edit(copy / file, old, new)
    assert digest_now(RANKING) != before


@pytest.mark.parametrize("root", ROOTS)
def test_a_change_of_any_module_that_is_reached_changes_the_digest(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = cache(imports.read_syntax)
    changed = ""

    def read_changed(path: str) -> Syntax:
        return replace(read(path), code="another") if path == changed else read(path)

    monkeypatch.setattr(imports, "read_syntax", read_changed)
    seen = {digest_now(root)}
    for module in modules_behind(root).values():
        changed = module.path
        seen.add(digest_now(root))
    assert len(seen) == 1 + len(modules_behind(root))


def test_rewording_docstrings_and_comments_anywhere_changes_no_digest(copy: Path) -> None:
    before = digests()
    for path in copy.rglob("*.py"):
        path.write_text(reworded(path.read_text(encoding="utf-8")), encoding="utf-8")
    assert digests() == before


def reworded(source: str) -> str:
    """Another text in the place of every docstring, comments added."""
    lines = source.splitlines(keepends=True)
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Expr)]
    for node in sorted(nodes, key=lambda node: -node.lineno):
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines[node.lineno - 1 : node.end_lineno] = [f'{" " * node.col_offset}"""In other words."""  # Why not?\n']
    return "# Another header\n\n" + "".join(lines)


def test_a_module_may_move_to_another_room(copy: Path) -> None:
    before = digests()
    (copy / "rank" / "topk.py").rename(copy / "search" / "best.py")
    for path in copy.rglob("*.py"):
        text = path.read_text(encoding="utf-8").replace("sparsebench.rank.topk", "sparsebench.search.best")
        path.write_text(text, encoding="utf-8")
    assert digests() == before


def test_one_module_leads_to_all_code_that_a_run_depends_on() -> None:
    reached = modules_behind(RANKING)
    assert {"sparsebench.search.views", "sparsebench.rank.topk", "sparsebench.collection.bank"} <= reached.keys()
    assert not [name for name in reached if name.startswith(("sparsebench.leaderboard", "sparsebench.cli"))]


def test_vectors_do_not_depend_on_what_ranks_them() -> None:
    reached = modules_behind(*ENCODING.values())
    assert not [name for name in reached if name.startswith(("sparsebench.search", "sparsebench.rank"))]


@pytest.mark.parametrize("name", NUMBERLESS)
def test_what_is_left_out_is_there_and_would_be_reached(name: str) -> None:
    walk = Imports([HARNESS, "sparsebench_plugins"], numberless=[other for other in NUMBERLESS if other != name])
    plugins = walk.with_submodules(["sparsebench_plugins"])
    assert [module for module in walk.behind([*ROOTS, *plugins]) if f"{module}.".startswith(f"{name}.")]
    assert NUMBERLESS[name]


def test_a_change_of_what_is_left_out_changes_no_digest(copy: Path) -> None:
    before = digests()
    assert before.pop("sparsebench.records.per_query"), "what is named itself counts, whatever it lies in"
    for name in NUMBERLESS:
        place = copy.parent.joinpath(*name.split("."))
        for path in place.rglob("*.py") if place.is_dir() else [place.with_suffix(".py")]:
            append(path, "CHANGED = True")
    assert before.items() <= digests().items()
