"""Docstrings are prose a stranger understands: their first lines say what a thing is or does, and examples run."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rings import RINGS, public

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(path for folder in ("benchmark", "plugins", "speed") for path in (ROOT / folder).rglob("*.py"))

BANNED = re.compile(
    r"(What|Of|Whether|How|Where|Which|See|As|The same|Who|That|Whose|When|If|Why|So|"
    r"With|Without|By|For|From|To|In|At|On|None)\b"
)
"""First words of half sentences, which say nothing without the name they stand below."""

EXAMPLE = re.compile(r"^\s*(>>> |Example:)", re.MULTILINE)


def _fragments(source: str) -> Iterator[str]:
    """Yield the line and first words of each docstring that begins with half a sentence, and of what has none."""
    tree = ast.parse(source)
    if ast.get_docstring(tree) is None:
        yield "1: the module has no docstring"
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node) or ""
            if BANNED.match(text):
                yield f"{getattr(node, 'lineno', 1)}: {text.partition(chr(10))[0]}"


def test_no_docstring_begins_with_half_a_sentence() -> None:
    found = [f"{path.relative_to(ROOT)}:{line}" for path in FILES for line in _fragments(path.read_text("utf-8"))]
    assert found == []


@pytest.mark.parametrize(
    ("docstring", "is_found"),
    [("What it is.", True), ("The same for others.", True), ("Return what it is.", False), ("Ofen of tea.", False)],
)
def test_half_a_sentence_is_told_from_a_whole_one(docstring: str, is_found: bool) -> None:
    source = f'"""A module."""\ndef f():\n    """{docstring}"""\n'
    assert bool(list(_fragments(source))) is is_found


def _public_classes() -> dict[str, type]:
    """Map names to the classes of all rings, each class once; those of other packages, as `Any`, aside."""
    named = [
        (f"{ring}.{name}", getattr(importlib.import_module(ring), name)) for ring in RINGS for name in public(ring)
    ]
    found = {each: name for name, each in sorted(named, reverse=True) if inspect.isclass(each) and _is_ours(each)}
    return {name: each for each, name in found.items()}


def _is_ours(each: type) -> bool:
    return each.__module__.partition(".")[0] == "sparsebench"


CLASSES = _public_classes()


def test_every_public_class_has_an_example() -> None:
    assert [name for name, each in sorted(CLASSES.items()) if not EXAMPLE.search(vars(each).get("__doc__") or "")] == []


@pytest.mark.parametrize("name", [name for name, each in sorted(CLASSES.items()) if ">>>" in (each.__doc__ or "")])
def test_an_example_gives_what_it_says(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    each = CLASSES[name]
    finder = doctest.DocTestFinder(recurse=False)
    told: list[str] = []
    for test in finder.find(each, name, globs=dict(vars(sys.modules[each.__module__]))):
        doctest.DocTestRunner().run(test, out=told.append)
    assert told == []
