"""Fake third-party plugins are bare dist-info folders on sys.path, as pip would leave them."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from sparsebench import PostprocessorPlugin, hookimpl
from sparsebench.errors import PluginError
from sparsebench.provenance.source import forget_code
from sparsebench.registry import DISABLE_VARIABLE, Registry, api_version
from sparsebench.registry.provider import Provider

GROUP = "sparsebench_test"
HEAD = """
from sparsebench import AnalyzerPlugin, CollectionPlugin, ModelPlugin, PostprocessorPlugin, hookimpl

class Toy:
    def __init__(self, *, tau: float = 1.0) -> None: ...

"""
SINKHORN = """
@hookimpl
def register_postprocessors():
    return [PostprocessorPlugin("sinkhorn", Toy, "a toy")]
"""
MODELS_AND_COLLECTIONS = """
@hookimpl
def register_models():
    yield ModelPlugin("tiny", Toy, "a toy")

@hookimpl
def register_collections():
    from pathlib import Path
    return (CollectionPlugin("acme/web", Path("web"), "a toy"),)
"""

Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """install(name, code) -> the plugin's file, importable as module `name` and named as an entry point."""

    def _install(name: str, code: str, *, distribution: str | None = None, group: str = GROUP) -> Path:
        file = tmp_path / f"{name}.py"
        file.write_text(HEAD + code)
        info = tmp_path / f"{distribution or name}-1.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution or name}\nVersion: 1.5\n")
        (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {name}\n")
        importlib.invalidate_caches()
        return file

    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv(DISABLE_VARIABLE, raising=False)
    before = set(sys.modules)
    yield _install
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def discover(**options: object) -> Registry:
    return Registry.discover(group=GROUP, **options)  # type: ignore[arg-type]


def test_an_installed_plugin_provides_what_its_hooks_return_and_says_where_it_comes_from(install: Install) -> None:
    install("acme", SINKHORN + MODELS_AND_COLLECTIONS, distribution="acme-sparse")
    registry = discover()
    provider = Provider("acme-sparse", "1.5", "acme", "acme")
    assert list(registry.models) == ["tiny"]
    assert list(registry.collections) == ["acme/web"]
    assert not registry.analyzers
    assert registry.get("postprocessors", "sinkhorn").provider == provider
    assert registry.providers == (provider,)
    assert registry.broken == ()


def test_the_real_entry_points_are_those_of_the_group_sparsebench(install: Install) -> None:
    install("acme", SINKHORN.replace("sinkhorn", "acme-toy"), group="sparsebench")
    registry = Registry.discover()
    assert registry.postprocessors["acme-toy"].provider.module == "acme"
    assert {"sparsebench", "acme"} <= {provider.distribution for provider in registry.providers}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("def (", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("@hookimpl\ndef register_models():\n    return 1 / 0", "ZeroDivisionError: division by zero"),
        ("@hookimpl\ndef register_models():\n    [ModelPlugin('x', Toy, '')]", "register_models returned None"),
        ("@hookimpl\ndef register_models():\n    return ['x']", "register_models gave 'x', which is no ModelPlugin"),
        (
            "@hookimpl\ndef register_models():\n    return [PostprocessorPlugin('x', Toy, '')]",
            "which is no ModelPlugin",
        ),
        (
            "@hookimpl\ndef register_postprocesors():\n    return []",
            "unknown hook 'register_postprocesors'. Did you mean 'register_postprocessors'?",
        ),
        ("@hookimpl\ndef register_models(config):\n    return []", "config"),
        ("def register_models():\n    return []", "register_models: the mark @sparsebench.hookimpl is missing"),
        ("", "implements no hook"),
    ],
)
def test_a_broken_plugin_is_set_aside_and_named_and_the_others_go_on(install: Install, code: str, reason: str) -> None:
    install("bad", code)
    install("good", SINKHORN)
    registry = discover()
    assert list(registry.postprocessors) == ["sinkhorn"]
    (broken,) = registry.broken
    assert broken.provider == Provider("bad", "1.5", "bad", "bad")
    assert reason in broken.reason
    assert "Traceback" in broken.traceback


def test_a_plugin_that_is_broken_in_one_hook_provides_nothing_of_the_others(install: Install) -> None:
    install("bad", SINKHORN + "\n@hookimpl\ndef register_models():\n    return None\n")
    assert not discover().postprocessors


def test_an_unknown_name_brings_the_closest_one_and_the_broken_plugins(install: Install) -> None:
    install("bad", "import no_such_module")
    install("good", SINKHORN)
    with pytest.raises(PluginError) as error:
        discover().get("postprocessors", "sinkhron")
    message = str(error.value)
    assert message.startswith("unknown postprocessor 'sinkhron'. Did you mean 'sinkhorn'?")
    assert "bad (bad 1.5): ModuleNotFoundError" in message


def test_an_unknown_name_in_a_sound_registry_blames_no_plugin() -> None:
    with pytest.raises(PluginError, match=r"^unknown model 'bm25'\.$"):
        Registry.of().get("models", "bm25")


@pytest.mark.parametrize("first", ["one", "two"])
def test_a_name_given_twice_is_nobodys_and_asking_for_it_names_both_providers(install: Install, first: str) -> None:
    for name in sorted(["one", "two"], key=lambda name: name != first):
        install(name, SINKHORN)
    install("three", "@hookimpl\ndef register_models():\n    return [ModelPlugin('toy', Toy, '')]")
    registry = discover()
    assert registry.get("models", "toy").provider.name == "three"  # all other names can be used
    with pytest.raises(PluginError) as error:
        registry.get("postprocessors", "sinkhorn")
    assert str(error.value).splitlines() == [
        "the postprocessor 'sinkhorn' is given by one (one 1.5, module one) and by two (two 1.5, module two)",
        "Leave one out with `-p no:NAME` or SPARSEBENCH_DISABLE_PLUGINS=NAME.",
    ]


def test_one_name_may_be_a_model_and_a_postprocessor(install: Install) -> None:
    install("one", SINKHORN)
    install("two", "@hookimpl\ndef register_models():\n    return [ModelPlugin('sinkhorn', Toy, '')]")
    registry = discover()
    assert registry.get("models", "sinkhorn").provider.name == "two"
    assert registry.get("postprocessors", "sinkhorn").provider.name == "one"


def test_a_blocked_plugin_is_not_imported(install: Install) -> None:
    install("one", SINKHORN)
    install("two", SINKHORN)
    registry = discover(blocked=["two"])
    assert registry.get("postprocessors", "sinkhorn").provider.name == "one"
    assert registry.blocked == ("two",)
    assert "two" not in sys.modules


def test_the_environment_blocks_plugins_by_entry_point_or_distribution(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("one", SINKHORN)
    install("two", SINKHORN, distribution="two-sparse")
    install("bad", "import no_such_module")
    monkeypatch.setenv(DISABLE_VARIABLE, "two-sparse, bad")
    registry = discover()
    assert registry.blocked == ("bad", "two")
    assert registry.broken == ()
    assert registry.postprocessors["sinkhorn"].provider.name == "one"


def test_a_distribution_without_metadata_still_provides_its_plugins(install: Install) -> None:
    file = install("acme", SINKHORN)
    (file.parent / "acme-1.5.dist-info" / "METADATA").unlink()
    assert str(discover().postprocessors["sinkhorn"].provider) == "acme (unknown unknown, module acme)"


def test_the_source_digest_changes_with_the_code_of_the_plugin_alone(install: Install) -> None:
    file = install("acme", SINKHORN)
    before = discover().postprocessors["sinkhorn"].source_digest
    assert discover().postprocessors["sinkhorn"].source_digest == before
    file.write_text(file.read_text() + "\nVERSION = 2\n")
    forget_code()
    assert discover().postprocessors["sinkhorn"].source_digest != before


def test_resolved_parameters_have_their_defaults(install: Install) -> None:
    install("acme", SINKHORN)
    registered = discover().get("postprocessors", "sinkhorn")
    assert registered.resolved({}) == {"tau": 1.0}
    assert registered.resolved({"tau": 2}) == {"tau": 2.0}


def test_a_module_without_an_entry_point_is_loaded_when_it_is_named(install: Install) -> None:
    file = install("acme", SINKHORN, distribution="acmesparse", group="other")
    (file.parent / "acmesparse-1.5.dist-info" / "top_level.txt").write_text("acme\n")
    assert not discover().postprocessors
    registry = discover(extra=["acme", "acme"])
    assert registry.postprocessors["sinkhorn"].provider == Provider("acmesparse", "1.5", "acme", "acme")


def test_a_plugin_that_is_named_must_work(install: Install) -> None:
    install("bad", "@hookimpl\ndef register_models():\n    return None", group="other")
    with pytest.raises(PluginError, match=r"^plugin bad \(.*: register_models returned None"):
        discover(extra=["bad"])


def test_two_versions_of_one_file_are_two_modules(tmp_path: Path) -> None:
    file = tmp_path / "method.py"
    digests = set()
    for version in (1, 2, 1):
        file.write_text(f"{HEAD}{SINKHORN}\nVERSION = {version}\n")
        digests.add(Registry.named(str(file)).postprocessors["sinkhorn"].source_digest)
    assert len(digests) == 2


def test_a_file_is_the_same_plugin_wherever_it_lies(tmp_path: Path) -> None:
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "method.py").write_text(HEAD + SINKHORN)
    here, there = (Registry.named(str(tmp_path / folder / "method.py")) for folder in ("here", "there"))
    assert here.postprocessors["sinkhorn"].source_digest == there.postprocessors["sinkhorn"].source_digest
    assert here.providers == there.providers


def test_plugins_need_not_be_installed() -> None:
    @hookimpl
    def register_postprocessors() -> list[PostprocessorPlugin]:
        return [PostprocessorPlugin("toy", object, "")]  # type: ignore[arg-type]

    registry = Registry.of(SimpleNamespace(register_postprocessors=register_postprocessors))
    assert list(registry.postprocessors) == ["toy"]
    with pytest.raises(PluginError, match="implements no hook"):
        Registry.of(SimpleNamespace())


@pytest.mark.parametrize(
    ("declared", "reason", "fix"),
    [
        ("2", "it is newer than this sparsebench: it needs version 2 of the plugin contract", "upgrade sparsebench"),
        (
            "(3, 2)",
            "newer than this sparsebench: it needs version 2 or 3 of the plugin contract",
            "upgrade sparsebench",
        ),
        ("'1'", "requires_api is '1'; it is a version such as 1", "upgrade acme"),
        ("True", "requires_api is True", "upgrade acme"),
        ("()", "requires_api is ()", "upgrade acme"),
    ],
)
def test_a_plugin_for_another_contract_is_set_aside_before_its_hooks_are_asked(
    install: Install, declared: str, reason: str, fix: str
) -> None:
    install("acme", f"requires_api = {declared}\n@hookimpl\ndef register_reports():\n    return 1 / 0\n")
    install("good", f"requires_api = (1, 2)\n{SINKHORN}")
    registry = discover()
    assert list(registry.postprocessors) == ["sinkhorn"]
    (broken,) = registry.broken
    assert reason in broken.reason
    assert f"{fix}" in broken.fix
    assert "-p no:acme" in broken.fix


def test_a_plugin_older_than_the_oldest_that_is_taken_is_told_so(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_version, "API_VERSION", 3)
    monkeypatch.setattr(api_version, "OLDEST_API_VERSION", 2)
    install("acme", f"requires_api = 1\n{SINKHORN}")
    install("still", f"requires_api = 2\n{SINKHORN.replace('sinkhorn', 'still')}")
    registry = discover()
    assert list(registry.postprocessors) == ["still"]
    (broken,) = registry.broken
    assert "it is older than this sparsebench: it needs version 1 of the plugin contract" in broken.reason
    assert "here is version 3, which still takes plugins for 2" in broken.reason
    assert broken.fix.startswith("take a version of acme for this contract")


@pytest.mark.parametrize("code", ["from sparsebench import Reranker", "import sparsebench.no_such_room"])
def test_a_plugin_that_misses_a_part_of_the_contract_is_for_another_version(install: Install, code: str) -> None:
    install("acme", code)
    (broken,) = discover().broken
    assert broken.fix.startswith("it is for another version of sparsebench: update that")


def test_a_malformed_entry_point_has_a_provider_that_names_it() -> None:
    entry = importlib.metadata.EntryPoint("odd", "not a module!", "sparsebench")
    assert Provider.of_entry(entry).module == "not a module!"
