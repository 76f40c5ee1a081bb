from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sparsebench.provenance.source import plugin_digest

Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """write({"package/module.py": code}): files on sys.path."""

    def _write(files: dict[str, str], root: Path = tmp_path) -> None:
        for name, code in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(code)
        importlib.invalidate_caches()

    monkeypatch.syspath_prepend(tmp_path)
    yield _write
    for name in [name for name in sys.modules if name.partition(".")[0] == "pkg"]:
        del sys.modules[name]


def digest_of(module: str) -> str:
    importlib.import_module(module)
    return plugin_digest(module)


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
    ],
)
def test_a_change_of_what_a_method_imports_changes_its_digest(write: Write, statement: str) -> None:
    write({"pkg/__init__.py": "", "pkg/between.py": "from .helper import f", "pkg/helper.py": "def f(): ..."})
    write({"pkg/method.py": statement})
    before = digest_of("pkg.method")
    write({"pkg/helper.py": "def f(): return 1"})
    assert digest_of("pkg.method") != before


def test_a_change_of_a_neighbour_does_not_change_the_digest(write: Write) -> None:
    write({"pkg/__init__.py": "from pkg import method, other", "pkg/method.py": "x = 1", "pkg/other.py": "y = 1"})
    before = digest_of("pkg.method")
    write({"pkg/other.py": "y = 2", "pkg/__init__.py": "# new"})
    assert digest_of("pkg.method") == before


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
    assert digest_of("pkg.a") == digest_of("pkg.b")  # the same two files


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
