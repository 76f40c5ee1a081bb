from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from benchmark.leaderboard import published_report
from benchmark.registry import Registry
from benchmark.suite import load_suite


@pytest.fixture(scope="session")
def readme(repository: Path) -> str:
    return (repository / "README.md").read_text()


def between(text: str, name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", text, re.DOTALL)
    assert found is not None, f"README has no part {name}"
    return found[1].strip()


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_leaderboard_it_shows_is_the_published_one(readme: str, repository: Path) -> None:
    page = published_report(repository / "leaderboards", "quickstart").render("md")
    assert between(readme, "quickstart") in page


def test_the_suite_it_shows_is_valid(readme: str, tmp_path: Path) -> None:
    (suite,) = blocks(readme, "yaml")
    path = tmp_path / "suite.yaml"
    path.write_text(suite.replace("COMMIT", "a" * 40))
    loaded = load_suite(path, Registry.discover(), environ={"SPARSEBENCH_DATA": "data"})
    assert [spec.label for spec in loaded.postprocessors][2:4] == [
        "sweep[tau=0.1,order=documents]",
        "sweep[tau=0.1,order=queries]",
    ]


def test_the_plugin_it_shows_is_one(readme: str) -> None:
    (source,) = blocks(readme, "python")
    module = type(sys)("shown_in_readme")
    sys.modules[module.__name__] = module
    exec(compile(source, "README.md", "exec"), module.__dict__)
    assert list(Registry.of(module).postprocessors) == ["halve"]


def test_every_path_it_names_exists(readme: str, repository: Path) -> None:
    for path in re.findall(r"\]\(([^)#:]+)\)", readme):
        assert (repository / path).exists(), path
