from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from rings import private_imports
from sparsebench.cli import Exit, main
from sparsebench.leaderboard import published_report
from sparsebench.registry import Registry
from sparsebench.suite import load_suite


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


def commands(readme: str) -> list[str]:
    """Every `sparsebench …` in a block of its own or between backticks, in order, without comments."""
    text = re.sub(r"```\w+\n.*?```", "", readme, flags=re.DOTALL).replace("\\\n", " ")
    found = re.findall(r"^    (sparsebench .*?)(?:  +#.*)?$|`(sparsebench [^`]+)`", text, re.MULTILINE)
    return [" ".join("".join(pair).split()) for pair in found]


NEEDS_A_HUB = "COMMIT"
SHORT = """
include: {}
name: quickstart
collections: [{{id: mini/web, name: mini/web, split: test, domain: in, bank: {{split: train}}, dev: {{split: train}}}}]
postprocessors: [none, {{name: sinkhorn, tune: {{tau: [0.1, 0.2, 0.5, 1.0, 2.0], on: dev, measure: nDCG@10}}}}]
analyzers: [sparsity]
"""


@pytest.fixture
def desk(repository: Path, readme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to follow README in. `quickstart` has less to do than the real one: time is short."""
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "quickstart.yaml").write_text(SHORT.format(repository / "suites" / "quickstart.yaml"))
    (source,) = blocks(readme, "python")
    (tmp_path / "my_method.py").write_text(source)
    (tmp_path / "my_package.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("SPARSEBENCH_STORE", str(tmp_path / "store"))
    return tmp_path


def test_every_command_it_shows_does_its_work(
    readme: str, tiny_splade_dir: Path, desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one session, from the first to the last; but for the one that takes a checkpoint from a hub."""
    shown = commands(readme)
    assert [line for line in shown if NEEDS_A_HUB in line] == [line for line in shown if "naver/splade-v3" in line]
    printed = {}
    for line in shown:
        if NEEDS_A_HUB not in line:
            words = shlex.split(line.partition(" > ")[0].replace("SUITE", "quickstart"))
            monkeypatch.setattr(sys, "argv", words)
            with pytest.raises(SystemExit) as stop:
                main()
            printed[line] = capsys.readouterr()
            assert stop.value.code == Exit.OK, f"{line}\n{printed[line].out}{printed[line].err}"
    assert len(printed) > 15
    (explained,) = (text.out for line, text in printed.items() if " explain " in line)
    assert [line for line in plain(between(readme, "explain")) if line not in plain(explained)] == []


def test_the_python_it_shows_runs(readme: str, desk: Path) -> None:
    (source,) = blocks(readme, "py")
    assert len(list(filter(None, source.splitlines()))) == 4
    assert private_imports(source) == []
    names: dict[str, object] = {}
    exec(compile(source, "README.md", "exec"), names)
    assert repr(names["results"]).startswith("<results of quickstart: 10 cells")


def plain(text: str) -> list[str]:
    """Lines without what depends on the width of columns."""
    return [re.sub(r"-{3,}", "---", " ".join(line.split())) for line in text.splitlines()]


@pytest.mark.parametrize("target", ["quickstart", "test"])
def test_what_make_is_asked_for_is_there(readme: str, repository: Path, target: str) -> None:
    assert f"    make {target} " in readme
    done = subprocess.run(["make", "--dry-run", target], cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_exit_code_has_its_line_in_the_table(readme: str) -> None:
    table = readme.partition("## Exit codes")[2].partition("## ")[0]
    assert [int(code) for code in re.findall(r"^\| (\d) \|", table, re.MULTILINE)] == [code.value for code in Exit]
