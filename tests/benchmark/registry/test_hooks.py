"""Each hook by itself; and no hook without a test here, a row in the guide of plugins, and a guide of its own."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import toys
from sparsebench.contracts import hookspecs
from sparsebench.contracts.hookspecs import AnalyzerPlugin, CollectionPlugin, ModelPlugin, PostprocessorPlugin, hookimpl
from sparsebench.registry import Registry
from sparsebench.registry.hooks import RECORDS
from sparsebench_plugins.analyzers.sparsity import Sparsity
from sparsebench_plugins.postprocessors.none import NoCorrection

GUIDES = Path(__file__).resolve().parents[3] / "docs" / "plugins"
HOOKS = [name for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.PROJECT}_spec")]


def provided_by(hook: str, record: Any) -> dict[str, Any]:
    """What a plugin that implements this hook alone provides, by kind."""

    def implementation() -> list[Any]:
        return [record]

    implementation.__name__ = hook
    registry = Registry.of(SimpleNamespace(**{hook: hookimpl(implementation)}))
    kinds = {kind: getattr(registry, kind) for kind in RECORDS}
    return {kind: {name: each.plugin for name, each in found.items()} for kind, found in kinds.items() if found}


def test_hook_register_models() -> None:
    record = ModelPlugin("toy", toys.Words, "a toy")
    assert provided_by("register_models", record) == {"models": {"toy": record}}


def test_hook_register_postprocessors() -> None:
    record = PostprocessorPlugin("toy", NoCorrection, "a toy")
    assert provided_by("register_postprocessors", record) == {"postprocessors": {"toy": record}}


def test_hook_register_analyzers() -> None:
    record = AnalyzerPlugin("toy", Sparsity, "a toy")
    assert provided_by("register_analyzers", record) == {"analyzers": {"toy": record}}


def test_hook_register_collections() -> None:
    record = CollectionPlugin("toy", Path("toy"), "a toy")
    assert provided_by("register_collections", record) == {"collections": {"toy": record}}


def test_a_hook_that_is_deprecated_warns_whoever_implements_it(monkeypatch: pytest.MonkeyPatch) -> None:
    warning = DeprecationWarning("register_models is deprecated since 0.4")
    options = {**hookspecs.register_models.sparsebench_spec, "warn_on_impl": warning}  # type: ignore[attr-defined]
    monkeypatch.setattr(hookspecs.register_models, "sparsebench_spec", options)
    with pytest.warns(DeprecationWarning, match=r"deprecated since 0\.4"):
        test_hook_register_models()


def test_these_are_all_the_hooks() -> None:
    assert [f"register_{kind}" for kind in RECORDS] == HOOKS


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_test_here_a_row_in_the_guide_and_a_guide_of_its_own(hook: str) -> None:
    assert f"test_hook_{hook}" in globals()
    (row,) = [line for line in (GUIDES / "README.md").read_text().splitlines() if f"| `{hook}` |" in line]
    kind = hook.removeprefix("register_").removesuffix("s")
    assert f"[{kind}.md]({kind}.md)" in row
    assert f"def {hook}(" in (GUIDES / f"{kind}.md").read_text()
