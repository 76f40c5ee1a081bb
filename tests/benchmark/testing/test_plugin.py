from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

import sparsebench_plugins.collections
import sparsebench_plugins.models
import sparsebench_plugins.postprocessors
import toys
from sparsebench import (
    Analysis,
    AnalyzerPlugin,
    CellAnalyzer,
    CellContext,
    CollectionPlugin,
    Column,
    PostprocessorPlugin,
    hookimpl,
)
from sparsebench.errors import PluginError
from sparsebench.registry import Registry
from sparsebench.testing.checks import Violation
from sparsebench.testing.plugin import examine
from sparsebench_plugins.postprocessors.none import NoCorrection


def test_everything_registered_is_examined_with_its_defaults_and_examples() -> None:
    examined = {each.name: each for each in examine(Registry.of(sparsebench_plugins.postprocessors))}
    assert set(examined) == {plugin.name for plugin in sparsebench_plugins.postprocessors.register_postprocessors()}
    assert examined["sinkhorn"].parameters["tau"] == 0.5
    assert examined["sinkhorn"].parameters["iterations"] == 10
    assert "sinkhorn:the_same_twice" in map(str, examined["sinkhorn"].checks)


def test_given_parameters_are_used() -> None:
    (words,) = examine(Registry.of(toys.WordsPlugin()), given={"words": {"expansion": 0.25}})
    assert words.parameters == {"expansion": 0.25, "broken": False}


def test_all_that_cannot_be_made_up_is_asked_for_at_once() -> None:
    with pytest.raises(PluginError) as error:
        examine(Registry.of(sparsebench_plugins.models), given={"bm25": {"k1": -1}})
    told = str(error.value).splitlines()
    assert "bm25: 'k1' should be greater than or equal to 0, not -1. Choose it with --set bm25.PARAMETER=VALUE" in told
    assert any(line.startswith("run_file: RunFile needs 'path'") for line in told)
    assert any(line.startswith("splade: Splade needs 'checkpoint'") for line in told)


@pytest.mark.parametrize("name", ["the_same_twice", "none:the_same_twice"])
def test_a_failure_can_be_expected_of_all_or_of_one(name: str) -> None:
    examined = examine(Registry.of(sparsebench_plugins.postprocessors), expected_failures={name: "because"})
    reasons = {str(check): check.reason for each in examined for check in each.checks if check.reason}
    assert reasons["none:the_same_twice"] == "because"
    assert (len(reasons) == 1) is name.startswith("none:")


class InTheBox:
    """The collections that need no folder."""

    @hookimpl
    def register_collections(self) -> list[CollectionPlugin]:
        registered = sparsebench_plugins.collections.register_collections()
        return [plugin for plugin in registered if plugin.name.startswith("mini/")]


def test_unknown_names_are_mistakes() -> None:
    registry = Registry.of(InTheBox())
    with pytest.raises(PluginError, match="there is no check 'mini/web:the_sme'"):
        examine(registry, expected_failures={"mini/web:the_sme": ""})
    with pytest.raises(PluginError, match=r"there is no plugin 'mini/wob' here. Did you mean 'mini/web'"):
        examine(registry, given={"mini/wob": {}})


@pytest.mark.parametrize(("path", "failed"), [("k", False), ("kk", True), ("nested", True)])
def test_a_column_that_is_not_among_the_values_is_found_out(path: str, failed: bool) -> None:
    class Nested(CellAnalyzer):
        def analyze(self, context: CellContext) -> Analysis:
            return Analysis({"k": 1, "nested": {"k": 1}})

    @hookimpl
    def register_analyzers() -> list[AnalyzerPlugin]:
        return [AnalyzerPlugin("nested", Nested, "two values", columns=(Column("k", path),))]

    (examined,) = examine(Registry.of(SimpleNamespace(register_analyzers=register_analyzers)))
    (check,) = [check for check in examined.checks if check.name == "nested:declares_what_it_has"]
    with pytest.raises(Violation, match=f"'k' at `{path}`") if failed else nullcontext():
        check()


@pytest.mark.parametrize(
    ("name", "summary"), [("my method", "fine"), ("a:b", "fine"), ("", "fine"), ("a", "two\nlines")]
)
def test_a_name_that_no_suite_can_write_is_found_out(name: str, summary: str) -> None:
    @hookimpl
    def register_postprocessors() -> list[PostprocessorPlugin]:
        return [PostprocessorPlugin(name, NoCorrection, summary)]

    (each,) = examine(Registry.of(SimpleNamespace(register_postprocessors=register_postprocessors)))
    assert each.checks[0].failure() is not None


def test_a_plain_name_and_summary_pass() -> None:
    for each in examine(Registry.of(sparsebench_plugins.postprocessors)):
        assert each.checks[0].failure() is None
