from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

import toys
from sparsebench.cli import Exit, main

HALVED = '''
"""A plugin of one file."""

from __future__ import annotations

from typing import Annotated, ClassVar

from annotated_types import Gt

from sparsebench import Block, FitContext, Postprocessor, PostprocessorPlugin, ScoreBlocks, State, hookimpl


class Halved(Postprocessor):
    sees: ClassVar[str] = "query"

    def __init__(self, *, by: Annotated[float, Gt(0)] = 2.0) -> None:
        self.by = by

    def fit(self, blocks: ScoreBlocks, context: FitContext) -> State:
        return State()

    def apply(self, block: Block, state: State, row_stats: object):
        return block.scores / self.by


@hookimpl
def register_postprocessors():
    return [PostprocessorPlugin("halved", Halved, "half the scores")]
'''


READING = (["report", "toy"], ["compare", "toy"], ["export", "toy", "--to", "exported"])
"""Commands that read records and compute no cell."""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPARSEBENCH_STORE", str(tmp_path / "store"))
    Path("halved.py").write_text(HALVED)
    toys.write_collection(tmp_path / "fruit")
    toys.write_suite(tmp_path / "toy.yaml", tmp_path / "fruit", "models: [bm25]\npostprocessors: [none, halved]\n")


class Said:
    """What the command printed, and its exit code."""

    def __init__(self, code: int, printed: pytest.CaptureFixture[str]) -> None:
        self.code = code
        self.out, self.err = printed.readouterr()


@pytest.fixture
def sparsebench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def run(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["sparsebench", *words])
        with pytest.raises(SystemExit) as stop:
            main()
        assert isinstance(stop.value.code, int)
        return Said(stop.value.code, capsys)

    return run


def test_a_plugin_of_one_file_takes_part_in_every_command(sparsebench) -> None:
    for command in ("fetch", "plan", "run"):
        assert sparsebench(command, "toy.yaml", "--plugin", "halved.py").code == Exit.OK
    assert "halved" in Path("runs/toy/leaderboard.md").read_text()
    explained = sparsebench("explain", "toy.yaml", "fruit/bm25/halved", "--query", "q1", "--plugin", "halved.py")
    assert "query q1: apple" in explained.out
    assert '"halved"' in sparsebench("schema", "--plugin", "halved.py").out
    assert "halved (halved.py sha256:" in sparsebench("doctor", "--plugin", "halved.py").out


def test_the_record_holds_the_digest_of_the_file(sparsebench) -> None:
    sparsebench("run", "toy.yaml", "--plugin", "halved.py", "--only", "*/halved")
    (record,) = Path("runs/toy").glob("*/record.json")
    provider = json.loads(record.read_text())["provenance"]["plugins"]["postprocessor"]
    assert provider["distribution"] == "halved.py"
    assert provider["version"].startswith("sha256:")


def test_another_version_of_the_file_is_another_cell(sparsebench) -> None:
    assert sparsebench("run", "toy.yaml", "-p", "halved.py").code == Exit.OK
    assert sparsebench("plan", "toy.yaml", "-p", "halved.py").code == Exit.OK
    Path("halved.py").write_text(HALVED.replace("/ self.by", "/ self.by + 1"))
    said = sparsebench("plan", "toy.yaml", "-p", "halved.py").out
    assert "1 of 2 cells to compute" in said
    assert said.count("postprocessor's code changed") == 1


def test_without_it_the_suite_says_what_is_unknown(sparsebench) -> None:
    said = sparsebench("plan", "toy.yaml")
    assert said.code == Exit.USAGE
    assert "'halved'" in said.err
    assert "-p " not in said.err


def test_without_it_a_suite_that_ran_with_it_says_so(sparsebench) -> None:
    assert sparsebench("run", "toy.yaml", "-p", "halved.py", "-q").code == Exit.OK
    for command in ("plan", "run"):
        assert "The results in runs/toy were made with -p halved.py" in sparsebench(command, "toy.yaml").err


def test_records_stay_readable_when_their_plugin_is_gone(sparsebench) -> None:
    assert sparsebench("run", "toy.yaml", "-p", "halved.py").code == Exit.OK
    before = [sparsebench(*words).out for words in READING]
    Path("halved.py").unlink()
    after = [sparsebench(*words) for words in READING]
    assert [said.out for said in after] == before
    assert all((said.code, said.err) == (Exit.OK, "") for said in after)
    assert "halved" in before[0]
    assert "halved" in before[1]
    assert any("halved" in path.name for path in Path("exported/runs").rglob("*"))
    assert sparsebench("publish", "toy").code == Exit.OK
    assert sparsebench("report", "toy", "--published", "--check").code == Exit.OK


def test_a_module_can_be_named_instead_of_a_file(sparsebench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "halving").mkdir()
    (tmp_path / "halving" / "__init__.py").write_text(HALVED)
    monkeypatch.syspath_prepend(tmp_path)
    assert "half the scores" in sparsebench("plugins", "list", "--plugin", "halving").out
    sys.modules.pop("halving")


def test_an_installed_plugin_named_once_more_is_the_same_plugin(sparsebench) -> None:
    assert sparsebench("plugins", "list", "--plugin", "sparsebench_plugins.models").code == Exit.OK


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import no_such", "plugin bad.py: ModuleNotFoundError: No module named 'no_such' ("),
        ("x = 1\n1 / 0\n", "bad.py:2)"),
        ("def (", "SyntaxError"),
        ("x = 1\n", "it implements no hook"),
        ("import sparsebench\n@sparsebench.hookimpl\ndef register_models():\n    return 1 / 0\n", "ZeroDivisionError"),
    ],
)
def test_a_broken_one_is_an_error_that_says_where(sparsebench, code: str, told: str) -> None:
    Path("bad.py").write_text(code)
    said = sparsebench("run", "toy.yaml", "--plugin", "bad.py")
    assert said.code == Exit.USAGE
    assert told in said.err
    assert "Traceback" not in said.err


def test_a_file_and_a_module_that_are_not_there_are_told(sparsebench) -> None:
    assert "there is no plugin file nosuch.py" in sparsebench("plugins", "list", "--plugin", "nosuch.py").err
    assert "Is it installed, or on PYTHONPATH?" in sparsebench("plugins", "list", "--plugin", "nosuch").err


def test_the_list_says_who_provides_what_through_which_hook(sparsebench) -> None:
    listed = json.loads(sparsebench("plugins", "list", "--json", "--plugin", "halved.py").out)
    assert listed["api_version"] == 1
    providers = {provider["name"]: provider for provider in listed["providers"]}
    assert providers["builtin-models"]["distribution"] == "sparsebench"
    assert providers["builtin-models"]["hooks"] == ["register_models"]
    assert providers["halved"]["hooks"] == ["register_postprocessors"]
    assert "register_collections" in sparsebench("plugins", "list").out


def test_the_list_names_broken_plugins_with_the_reason_and_the_fix(
    sparsebench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    info = tmp_path / "site" / "acme_bad-1.5.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-bad\nVersion: 1.5\n")
    (info / "entry_points.txt").write_text("[sparsebench]\nbad = acme_bad\n")
    (tmp_path / "site" / "acme_bad.py").write_text("import no_such_module")
    monkeypatch.syspath_prepend(tmp_path / "site")
    shown = sparsebench("plugins", "list").out
    assert "broken: bad (acme-bad 1.5): ModuleNotFoundError: No module named 'no_such_module'" in shown
    assert "fix: install what has the module 'no_such_module', or leave it out: -p no:bad" in shown
    (broken,) = json.loads(sparsebench("plugins", "list", "--json").out)["broken"]
    assert (broken["distribution"], broken["version"]) == ("acme-bad", "1.5")
    assert "left out: bad" in sparsebench("plugins", "list", "-p", "no:bad").out


def test_hook_calls_are_traced_where_the_environment_asks(sparsebench, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "register_" not in sparsebench("plugins", "list", "--json").err
    monkeypatch.setenv("SPARSEBENCH_TRACE_PLUGINS", "1")
    traced = sparsebench("plugins", "list", "--plugin", "halved.py").err.splitlines()
    assert any(line.startswith("register_collections of sparsebench_plugins.collections: mini/web,") for line in traced)
    assert any(line.startswith("register_postprocessors of halved_") and line.endswith(": halved") for line in traced)


def test_a_plugin_that_keeps_the_contract_passes_the_check(sparsebench) -> None:
    said = sparsebench("plugins", "check", "halved.py", "--set", "halved.by=4")
    assert said.code == Exit.OK
    assert 'postprocessor halved {"by": 4.0}' in said.out
    assert "  ok      halved:the_same_twice\n" in said.out
    assert re.search(r"^(\d+) of \1 checks passed$", said.out, re.MULTILINE)


def test_a_rule_that_is_broken_is_told_with_its_sentence(sparsebench) -> None:
    Path("halved.py").write_text(HALVED.replace("block.scores /", "block.scores.div_(2) /"))
    said = sparsebench("plugins", "check", "halved.py")
    assert said.code == Exit.FAILED_CELLS
    assert "  FAILED  halved:inputs_stay_as_they_are: Nothing writes to the scores of a block" in said.out
    assert "to the scores of a block, which others read too" in said.out


def test_a_known_failure_can_be_declared_and_must_then_fail(sparsebench) -> None:
    Path("halved.py").write_text(HALVED.replace("class Halved", "import torch\n\n\nclass Halved"))
    known = ("--expect-failure", "importing_it_imports_no_torch=it is small")
    said = sparsebench("plugins", "check", "halved.py", *known)
    assert said.code == Exit.OK
    assert "  known   halved:importing_it_imports_no_torch: it is small" in said.out
    Path("halved.py").write_text(HALVED)
    said = sparsebench("plugins", "check", "halved.py", *known)
    assert said.code == Exit.FAILED_CELLS
    assert "it passes, and was expected to fail (it is small)" in said.out


def test_an_installed_distribution_can_be_checked_by_its_name(sparsebench) -> None:
    said = sparsebench("plugins", "check", "Sparsebench")
    assert said.code == Exit.USAGE
    assert "splade: Splade needs 'checkpoint', and no value can be made up. Choose it with --set splade." in said.err


def test_a_parameter_is_written_with_a_dot_and_a_value(sparsebench) -> None:
    assert "'by' lacks a part before or after '.'" in sparsebench("plugins", "check", "halved.py", "--set", "by=1").err
