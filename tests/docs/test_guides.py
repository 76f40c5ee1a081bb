"""The guides are run: their files written, their commands executed in a fresh venv, their outputs compared.

A block with a `title` is a file. A `sh` block is run, and a `text` block after it holds lines of what it prints, in any
order, where spaces do not count and a line may go on.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from sparsebench.scaffold import write_package
from venvs import FreshVenv

GUIDES = Path(__file__).resolve().parents[2] / "docs" / "plugins"
BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    language: str
    title: str
    text: str
    line: int


def blocks(guide: Path) -> Iterator[Block]:
    page = guide.read_text(encoding="utf-8")
    for found in BLOCK.finditer(page):
        yield Block(found[1], found[2] or "", found[3], page.count("\n", 0, found.start()) + 1)


def plain(text: str) -> str:
    """With one space for many, and none between the bars of a table."""
    return re.sub(r"\s*\|\s*", "|", re.sub(r"[ \t]+", " ", text))


def follow(guide: Path, venv: FreshVenv, folder: Path) -> None:
    """Do what the guide says, from the first block to the last, all in `folder`."""
    printed = ""
    for block in blocks(guide):
        where = f"{guide.name}:{block.line}"
        if block.title:
            path = folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.language == "sh":
            printed = run(block.text, venv, folder, where)
        elif block.language == "text":
            missing = [line for line in block.text.splitlines() if plain(line.strip()) not in plain(printed)]
            assert not missing, f"{where}: not printed: {missing}\n{printed}"
        else:
            raise AssertionError(f"{where}: a block of {block.language} needs a title")


def run(commands: str, venv: FreshVenv, folder: Path, where: str) -> str:
    environment = {**venv.environment, "SPARSEBENCH_STORE": str(folder / "store")}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{where}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("name", ["model", "postprocessor", "analyzer", "collection"])
def test_a_guide_does_what_it_says(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    guide = GUIDES / f"{name}.md"
    if "package:cognition" in guide.read_text(encoding="utf-8"):
        request.getfixturevalue("tiny_splade_dir")
    follow(guide, FreshVenv.create(tmp_path / "venv"), tmp_path)


def test_the_overview_shows_a_test_that_passes(tmp_path: Path) -> None:
    (snippet,) = [block.text for block in blocks(GUIDES / "README.md") if block.language == "python"]
    package = write_package("postprocessor", "my_method", tmp_path)
    (package / "tests" / "test_conformance.py").write_text(snippet)
    FreshVenv.create(tmp_path / "venv").run("python", "-m", "pytest", cwd=package)


@pytest.mark.parametrize("guide", sorted(GUIDES.glob("*.md")), ids=lambda path: path.name)
def test_links_of_a_guide_lead_somewhere(guide: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", guide.read_text(encoding="utf-8"))
    assert not [link for link in links if "://" not in link and not (guide.parent / link).exists()]


def test_a_promise_that_is_not_kept_is_found_out(tmp_path: Path) -> None:
    guide = tmp_path / "guide.md"
    venv = FreshVenv.create(tmp_path / "venv")
    guide.write_text('```sh\necho "| a   | b |"\n```\n\n```text\n| a | b |\n```\n')
    follow(guide, venv, tmp_path)
    guide.write_text("# A guide\n\n```sh\necho a\n```\n\n```text\nb\n```\n")
    with pytest.raises(AssertionError, match=r"guide.md:7: not printed: \['b'\]"):
        follow(guide, venv, tmp_path)
    guide.write_text("```sh\nfalse\n```\n")
    with pytest.raises(AssertionError, match=r"guide.md:1: exit code 1"):
        follow(guide, venv, tmp_path)
