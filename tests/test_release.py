"""A release is refused until its changelog, its citation, its tree and its tags are as they must be."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from pathlib import Path
from types import ModuleType

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def release() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", ROOT / ".ci" / "release.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What a release reads, fit for version 1.2.3."""
    (tmp_path / "benchmark" / "sparsebench").mkdir(parents=True)
    (tmp_path / "benchmark" / "sparsebench" / "__init__.py").write_text('"""Doc."""\n\n__version__ = "1.2.3"\n')
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 1.2.3, 2026-05-04\n\nA change.\n")
    (tmp_path / "CITATION.cff").write_text("cff-version: 1.2.0\nversion: 1.2.3\n")
    return tmp_path


def test_a_tree_that_is_ready_has_no_problem(release: ModuleType, tree: Path) -> None:
    assert release.version_of(tree) == "1.2.3"
    assert release.problems(tree, "1.2.3", dirty=[], tags=["v1.2.2"]) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("CHANGELOG.md", "2026-05-04", "unreleased", "needs a heading `## 1.2.3, YYYY-MM-DD`; it begins with"),
        ("CHANGELOG.md", "1.2.3", "1.2.30", "needs a heading"),
        ("CITATION.cff", "version: 1.2.3", "version: 1.2.2", "CITATION.cff states another version"),
    ],
)
def test_what_is_not_ready_is_told(release: ModuleType, tree: Path, file: str, old: str, new: str, told: str) -> None:
    path = tree / file
    path.write_text(path.read_text().replace(old, new))
    (line,) = release.problems(tree, "1.2.3", dirty=[], tags=[])
    assert told in line


def test_a_tag_that_is_there_and_a_changed_tree_are_told(release: ModuleType, tree: Path) -> None:
    tagged, changed = release.problems(tree, "1.2.3", dirty=["README.md"], tags=["v1.2.3"])
    assert "v1.2.3 is there already" in tagged
    assert "README.md" in changed


def test_a_tree_without_a_version_is_refused(release: ModuleType, tree: Path) -> None:
    (tree / "benchmark" / "sparsebench" / "__init__.py").write_text("")
    with pytest.raises(SystemExit, match="states no __version__"):
        release.version_of(tree)


def test_make_releases_nothing_unless_it_is_told_to_go() -> None:
    def commands(*words: str) -> str:
        return subprocess.run(
            ["make", "--dry-run", *words], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout

    assert "release.py --go" not in commands("release")
    assert "release.py --go" in commands("release", "GO=1")


def test_the_citation_names_this_version_and_both_papers(release: ModuleType) -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == release.version_of(ROOT)
    readme = (ROOT / "README.md").read_text()
    assert len(citation["references"]) == 2
    for paper in citation["references"]:
        assert re.sub(r"[{}]", "", paper["title"]) in re.sub(r"[{}]", "", readme)
        assert all(author["family-names"] in readme for author in paper["authors"])


def test_hooks_before_a_commit_are_parts_of_make_lint() -> None:
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    lint = (ROOT / "Makefile").read_text().partition("\nlint:")[2]
    for hook in local["hooks"]:
        tool = hook["entry"].split()[0].removeprefix(".venv/bin/")
        assert f"$(BIN)/{tool}" in lint
