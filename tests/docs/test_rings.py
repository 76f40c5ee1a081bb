"""Built-in plugins, templates and guides import what every other package may import, and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from rings import DOORS, RINGS, private_imports, public

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = sorted((ROOT / "plugins" / "sparsebench_plugins").rglob("*.py"))


def test_built_in_plugins_import_the_two_public_rings_alone() -> None:
    found = {path.name: private_imports(path.read_text()) for path in PLUGINS}
    assert {name: lines for name, lines in found.items() if lines} == {}


TEMPLATES = sorted((ROOT / "benchmark" / "sparsebench" / "scaffold").rglob("*.py.template"))
GUIDES = sorted((ROOT / "docs" / "plugins").glob("*.md"))
CODE = re.compile(r"^```python[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: f"{path.parts[-3]}/{path.parts[-2]}")
def test_a_template_imports_public_names_alone(template: Path) -> None:
    assert private_imports(re.sub(r"\$\{?\w+\}?", "name", template.read_text())) == []


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_guide_imports_public_names_alone(guide: Path) -> None:
    assert [line for code in CODE.findall(guide.read_text()) for line in private_imports(code)] == []


def test_the_guide_names_every_door() -> None:
    text = (ROOT / "docs" / "plugins" / "README.md").read_text()
    assert [door for door in RINGS if f"`{door}`" not in text] == []


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("from sparsebench.rank.topk import TopK", "from sparsebench.rank.topk import TopK"),
        ("import sparsebench.store", "import sparsebench.store"),
        ("from sparsebench.rank import Nothing", "from sparsebench.rank import Nothing"),
        ("def f():\n    from sparsebench import store", "from sparsebench import store"),
    ],
)
def test_an_import_behind_a_door_is_found_out(source: str, told: str) -> None:
    (line,) = private_imports(source)
    assert line.endswith(told)


def test_imports_of_the_rings_and_of_others_are_fine() -> None:
    source = (
        "import numpy\nimport sparsebench.rank\nfrom sparsebench import Block, rank\nfrom sparsebench.rank import TopK"
    )
    assert private_imports(source) == []


@pytest.mark.parametrize("door", RINGS)
def test_every_promised_name_is_there(door: str) -> None:
    module = __import__(door, fromlist=["*"])
    assert [name for name in public(door) if not hasattr(module, name)] == []


HEAVY = ("torch", "transformers", "scipy", "pydantic", "pandas", "ir_measures", "ir_datasets", "sentence_transformers")


def _imported(statement: str) -> list[str]:
    code = f"import sys; {statement}; print(*(name for name in {HEAVY} if name in sys.modules))"
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()


def test_the_first_ring_loads_nothing_heavy() -> None:
    assert _imported("import sparsebench") == []


def test_all_doors_together_load_no_torch() -> None:
    assert set(_imported(f"import {', '.join(DOORS)}")) <= {"pydantic"}


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    import sparsebench

    with pytest.raises(AttributeError, match="no attribute 'Blocks'"):
        _ = sparsebench.Blocks
