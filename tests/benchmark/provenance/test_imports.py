from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sparsebench.provenance.source import code_digest, forget_code

Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """write({"package/module.py": code}): files on sys.path."""

    def _write(files: dict[str, str], root: Path = tmp_path) -> None:
        for name, code in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(code)
        importlib.invalidate_caches()
        forget_code()

    monkeypatch.syspath_prepend(tmp_path)
    yield _write
    for name in [name for name in sys.modules if name.partition(".")[0] in ("pkg", "local_helper")]:
        del sys.modules[name]


def digest_of(module: str) -> str:
    importlib.import_module(module)
    return code_digest(module)


@pytest.mark.parametrize(
    "statement",
    [
        "import pkg.helper",
        "from pkg import helper",
        "from pkg.helper import f",
        "from . import helper",
        "from .helper import f",
        "def late():\n    from pkg.helper import f",
        "from pkg.between import f",
        "from pkg import f",
        "from pkg import *",
        "from pkg.door import f",
        "from pkg.door import renamed",
        "import local_helper",
    ],
)
def test_a_change_of_what_a_method_imports_changes_its_digest(write: Write, statement: str) -> None:
    write({"pkg/__init__.py": "from .helper import f", "pkg/between.py": "from .helper import f"})
    write(
        {"pkg/door/__init__.py": "from pkg import f\nfrom pkg.helper import f as renamed", "pkg/method.py": statement}
    )
    write({"pkg/helper.py": "def f(): ...", "local_helper.py": "x = 1"})
    before = digest_of("pkg.method")
    write({"pkg/helper.py": "def f(): return 1", "local_helper.py": "x = 2"})
    assert digest_of("pkg.method") != before


def test_a_change_of_a_neighbour_does_not_change_the_digest(write: Write) -> None:
    write({"pkg/__init__.py": "from pkg import method, other", "pkg/method.py": "x = 1", "pkg/other.py": "y = 1"})
    before = digest_of("pkg.method")
    write({"pkg/other.py": "y = 2"})
    assert digest_of("pkg.method") == before


def test_a_door_leads_to_the_module_that_defines_a_name_and_to_no_other(write: Write) -> None:
    write({"pkg/__init__.py": "", "pkg/door/__init__.py": "from pkg.a import a\nfrom pkg.b import b\nALL = (a, b)"})
    write({"pkg/a.py": "a = 1", "pkg/b.py": "b = 1", "pkg/method.py": "from pkg.door import a"})
    before = digest_of("pkg.method")
    write({"pkg/b.py": "b = 2"})
    assert digest_of("pkg.method") == before
    write({"pkg/a.py": "a = 2"})
    assert digest_of("pkg.method") != before


def test_a_package_that_does_something_counts_for_all_modules_below_it(write: Write) -> None:
    write({"pkg/__init__.py": "import pkg.patch\npkg.patch.apply()", "pkg/patch.py": "def apply(): ..."})
    write({"pkg/method.py": "x = 1"})
    before = digest_of("pkg.method")
    write({"pkg/patch.py": "def apply(): return 1"})
    assert digest_of("pkg.method") != before


def test_a_door_that_registers_hooks_does_nothing_itself(write: Write) -> None:
    hook = "@hookimpl\ndef register_models():\n    return []"
    write({"pkg/__init__.py": f"from sparsebench import hookimpl\nfrom pkg.other import y\n{hook}"})
    write({"pkg/other.py": "y = 1", "pkg/method.py": "x = 1"})
    before = digest_of("pkg.method")
    write({"pkg/other.py": "y = 2"})
    assert digest_of("pkg.method") == before


PROSE = '''
from typing import Annotated
from pydantic import Field
{comment}
def f(tau: Annotated[float, doc("{prose}")] = 1.0, k: int = Field(3, description="{prose}")):
    """{prose}"""
    class Inner:
        """{prose}"""
        x: int = 1
        """{prose}"""
    return 'text'
'''


def test_prose_does_not_count(write: Write) -> None:
    write({"pkg/__init__.py": "'One.'", "pkg/method.py": PROSE.format(comment="# one", prose="One.")})
    importlib.import_module("pkg")
    before = code_digest("pkg.method")
    write({"pkg/__init__.py": "'Two.'", "pkg/method.py": PROSE.format(comment="# two\n\n\n", prose="Two.")})
    assert code_digest("pkg.method") == before


CODE = (("'text'", "'Text'"), ("= 1.0", "= 2.0"), ("Field(3", "Field(4"), ("x: int", "y: int"))


@pytest.mark.parametrize(("old", "new"), CODE)
def test_whatever_is_not_prose_counts(write: Write, old: str, new: str) -> None:
    code = PROSE.format(comment="", prose="One.")
    write({"pkg/__init__.py": "", "pkg/method.py": code})
    importlib.import_module("pkg")
    before = code_digest("pkg.method")
    write({"pkg/method.py": code.replace(old, new)})
    assert code_digest("pkg.method") != before


def test_what_only_type_checkers_import_does_not_count(write: Write) -> None:
    code = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pkg.other import T"
    write({"pkg/__init__.py": "", "pkg/other.py": "T = int", "pkg/method.py": code})
    before = digest_of("pkg.method")
    write({"pkg/other.py": "T = str"})
    assert code_digest("pkg.method") == before


def test_a_module_may_move_and_be_renamed(write: Write) -> None:
    write({"pkg/__init__.py": "", "pkg/helper.py": "from pkg.leaf import x", "pkg/leaf.py": "x = 1"})
    write({"pkg/part/__init__.py": "", "pkg/part/moved.py": "from pkg.leaf import x"})
    write({"pkg/method.py": "from pkg.helper import x"})
    before = digest_of("pkg.method")
    write({"pkg/method.py": "from pkg.part.moved import x"})
    assert code_digest("pkg.method") == before


def test_importing_the_same_name_from_another_module_counts(write: Write) -> None:
    write({"pkg/__init__.py": "", "pkg/a.py": "def f(): return 1", "pkg/b.py": "def f(): return 2"})
    write({"pkg/method.py": "from pkg.a import f\nfrom pkg.b import f as g"})
    before = digest_of("pkg.method")
    write({"pkg/method.py": "from pkg.b import f\nfrom pkg.a import f as g"})
    assert code_digest("pkg.method") != before


def test_modules_of_the_same_text_are_told_apart_by_what_they_import(write: Write) -> None:
    """Both pass on `f`; which of the two it is shows only one step further."""
    write({"pkg/__init__.py": "", "pkg/a.py": "def f(): return 1", "pkg/b.py": "def f(): return 2"})
    write({"pkg/of_a.py": "from pkg.a import f", "pkg/of_b.py": "from pkg.b import f"})
    write({"pkg/method.py": "from pkg.of_a import f\nfrom pkg.of_b import f as g"})
    before = digest_of("pkg.method")
    write({"pkg/method.py": "from pkg.of_b import f\nfrom pkg.of_a import f as g"})
    assert code_digest("pkg.method") != before


def test_a_package_counts_with_every_module_below_it(write: Write) -> None:
    write({"pkg/__init__.py": "", "pkg/part/deep.py": "x = 1"})
    before = digest_of("pkg")
    write({"pkg/part/deep.py": "x = 2"})
    assert digest_of("pkg") != before


def test_modules_are_read_and_not_imported(write: Write) -> None:
    write({"pkg/__init__.py": "", "pkg/method.py": "def late():\n    import pkg.heavy.torch_part"})
    write({"pkg/heavy/__init__.py": "raise ImportError", "pkg/heavy/torch_part.py": "x = 1"})
    before = digest_of("pkg.method")
    write({"pkg/heavy/torch_part.py": "x = 2"})
    assert digest_of("pkg.method") != before
    assert "pkg.heavy" not in sys.modules


def test_modules_that_import_each_other_have_a_digest(write: Write) -> None:
    write({"pkg/__init__.py": "", "pkg/a.py": "def f():\n    import pkg.b", "pkg/b.py": "import pkg.a"})
    before = digest_of("pkg.a"), digest_of("pkg.b")
    write({"pkg/b.py": "import pkg.a\nx = 1"})
    after = digest_of("pkg.a"), digest_of("pkg.b")
    assert len({*before, *after}) == 4


def test_the_place_on_the_disk_does_not_count(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"pkg/__init__.py": "", "pkg/method.py": "import pkg.helper", "pkg/helper.py": ""}
    write(files)
    here = digest_of("pkg.method")
    for name in [name for name in sys.modules if name.partition(".")[0] == "pkg"]:
        del sys.modules[name]
    write(files, tmp_path / "elsewhere")
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    assert "elsewhere" in str(importlib.import_module("pkg.method").__file__)
    assert digest_of("pkg.method") == here
