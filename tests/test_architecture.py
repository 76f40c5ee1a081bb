"""The shape of the house: no import in a circle, few files at the root, every room says what is in it."""

from __future__ import annotations

import ast
import re
import tomllib
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

grimp = pytest.importorskip("grimp", reason="import-linter, which brings grimp, is not installed")

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("sparsebench", "sparsebench_plugins")
HARNESS, PLUGINS = ROOT / "benchmark" / "sparsebench", ROOT / "plugins" / "sparsebench_plugins"
ROOMS = sorted(path.parent for root in (HARNESS, PLUGINS) for path in root.rglob("__init__.py"))
ARCHITECTURE = ROOT / "docs" / "ARCHITECTURE.md"


def layers() -> str:
    """The layers of pyproject.toml as a block of text."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (contract,) = (each for each in contracts if each["type"] == "layers")
    return "\n".join(["```text", *contract["layers"], "```"])


def first_line(path: Path) -> str:
    """What a module says of itself."""
    return (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n")[0]


def listed(folder: Path) -> str:
    """A table of a folder: packages, then modules, each with its first line."""
    packages = sorted(path for path in folder.iterdir() if (path / "__init__.py").is_file())
    modules = sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")
    rows = [(f"`{path.name}/`", first_line(path / "__init__.py")) for path in packages]
    rows += [(f"`{path.name}`", first_line(path)) for path in modules]
    return "\n".join(["| | what is in it |", "|---|---|", *(f"| {name} | {line} |" for name, line in rows)])


def written() -> str:
    """docs/ARCHITECTURE.md with its tables as they are to be."""
    text = ARCHITECTURE.read_text()
    for name, table in {"layers": layers(), "rooms": listed(HARNESS)}.items():
        between = re.compile(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = between.sub(lambda found, table=table: f"{found[1]}{table}\n{found[2]}", text)
    return text


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """Module -> modules it imports, inside functions too; what only type checkers read left out."""
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)
    return {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}


def circle(imports: dict[str, set[str]]) -> list[str]:
    """Return the modules of a circle of imports; none where there is none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def own_door(imports: dict[str, set[str]]) -> list[str]:
    """List the modules that import a package around them: its `__init__` imports them."""
    return sorted(
        f"{module} -> {package}"
        for module, imported in imports.items()
        for package in imported
        if module.startswith(f"{package}.")
    )


def test_no_import_goes_in_a_circle(imports: dict[str, set[str]]) -> None:
    assert len(imports) > 200
    assert circle(imports) == []


def test_no_module_imports_the_door_of_its_own_room(imports: dict[str, set[str]]) -> None:
    assert own_door(imports) == []


def behind_doors(imports: dict[str, set[str]]) -> list[str]:
    """List the imports of a plugin's inner module by another plugin; the `__init__` of its kind registers it."""
    return sorted(
        f"{module} -> {inner}"
        for module, imported in imports.items()
        for inner in imported
        if inner.startswith("sparsebench_plugins.") and inner.count(".") > 2
        if module != ".".join(inner.split(".")[:2])
        if not f"{module}.".startswith(".".join(inner.split(".")[:3]) + ".")
    )


def test_plugins_meet_at_their_doors(imports: dict[str, set[str]]) -> None:
    assert behind_doors(imports) == []


def test_an_import_behind_a_plugins_door_would_be_found_out() -> None:
    models, inner = "sparsebench_plugins.models", {"sparsebench_plugins.models.splade.encoder"}
    assert behind_doors({f"{models}.splade.model": inner, f"{models}.splade": inner, models: inner}) == []
    assert len(behind_doors({f"{models}.splade_doc": inner, f"{models}.video.clip": inner})) == 2


def test_a_circle_and_an_own_door_would_be_found_out() -> None:
    assert circle({"a.b": {"c"}, "c": {"d"}, "d": {"a.b"}}) != []
    assert own_door({"a.b": {"a"}, "ab": {"a"}}) == ["a.b -> a"]


def test_fewer_than_ten_files_lie_at_the_root() -> None:
    assert len([path for path in HARNESS.iterdir() if path.is_file()]) < 10


@pytest.mark.parametrize("room", ROOMS, ids=lambda path: "/".join(path.relative_to(ROOT).parts[1:]))
def test_every_room_says_in_one_line_what_is_in_it(room: Path) -> None:
    text = ast.get_docstring(ast.parse((room / "__init__.py").read_text())) or ""
    line = text.partition("\n")[0]
    assert line.endswith("."), f"{room}/__init__.py begins with {line!r}"
    assert 20 <= len(line) <= 120


def test_tests_of_the_harness_lie_as_the_harness_does() -> None:
    tests = ROOT / "tests" / "benchmark"
    folders = {path.parent.relative_to(tests) for path in tests.rglob("test_*.py")}
    assert [folder for folder in folders if not (HARNESS / folder).is_dir()] == []
    loose = {path.stem.removeprefix("test_") for path in tests.glob("test_*.py")}
    assert [name for name in loose if not (HARNESS / f"{name}.py").is_file()] == []


def test_the_document_says_what_is_there() -> None:
    said = f"run `python {Path(__file__).relative_to(ROOT)}`"
    assert ARCHITECTURE.read_text() == written(), said


def test_readme_names_every_room() -> None:
    text = (ROOT / "README.md").read_text()
    rooms = [path.parent.name for path in HARNESS.glob("*/__init__.py")]
    assert [room for room in rooms if f" {room}/ " not in text] == []


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "docs/ARCHITECTURE.md"])
def test_every_path_that_a_document_names_exists(document: str) -> None:
    text = (ROOT / document).read_text()
    named = re.findall(r"`((?:[a-z_.]+/)+[a-zA-Z_.\-]*|[a-z_]+\.py)`", text)
    below = (ROOT, HARNESS, PLUGINS)
    assert len(named) > 10
    made = ("dist/", "runs/")  # by commands
    assert [name for name in named if name not in made and not any((of / name).exists() for of in below)] == []


if __name__ == "__main__":
    ARCHITECTURE.write_text(written())
