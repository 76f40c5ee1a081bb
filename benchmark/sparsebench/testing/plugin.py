"""Run all checks of all that a plugin registers, as `sparsebench plugins check` runs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sparsebench.errors import PluginError, SparsebenchError, did_you_mean
from sparsebench.registry import Registered, Registry
from sparsebench.registry.hooks import RECORDS, Kind
from sparsebench.testing.analyzers import analyzer_checks, declares_what_it_has
from sparsebench.testing.checks import Check, ExpectedFailures, require
from sparsebench.testing.collections import collection_checks
from sparsebench.testing.examples import example_parameters
from sparsebench.testing.models import model_checks
from sparsebench.testing.postprocessors import postprocessor_checks
from sparsebench.types import Json

CHECKS = {"models": model_checks, "postprocessors": postprocessor_checks, "analyzers": analyzer_checks}


@dataclass(frozen=True)
class Examined:
    """One thing that a plugin registers, the parameters it is checked with, and its checks, named `NAME:CHECK`."""

    kind: Kind
    name: str
    parameters: Mapping[str, Json]
    checks: Sequence[Check]


def examine(
    registry: Registry,
    *,
    given: Mapping[str, Mapping[str, Json]] | None = None,
    expected_failures: ExpectedFailures | None = None,
) -> list[Examined]:
    """Pair everything in the registry with the checks it has to pass.

    given: name -> parameters to check it with, where defaults and examples will not do. expected_failures: `CHECK` or
    `NAME:CHECK` -> reason. Raises PluginError for a name that is unknown, and for parameters that cannot be made up.
    """
    everything = [(kind, name, found) for kind in RECORDS for name, found in getattr(registry, kind).items()]
    _known("plugin", given or {}, [name for _, name, _ in everything])
    examined, mistakes = [], []
    for kind, name, registered in everything:
        try:
            examined.append(_examine(kind, registered, (given or {}).get(name, {}), expected_failures or {}))
        except SparsebenchError as error:
            mistakes.append(f"{name}: {error}. Choose it with --set {name}.PARAMETER=VALUE")
    if mistakes:
        raise PluginError("\n".join(mistakes))
    names = [check.name for each in examined for check in each.checks]
    _known("check", expected_failures or {}, [*names, *(name.partition(":")[2] for name in names)])
    return examined


def _examine(
    kind: Kind, registered: Registered, given: Mapping[str, Json], expected_failures: ExpectedFailures
) -> Examined:
    plugin = registered.plugin
    parameters: dict[str, Any] = {}
    if registered.factory is not None:
        parameters = example_parameters(registered.factory, given)
    if kind == "collections":
        checks = collection_checks(plugin, parameters=parameters)
    else:
        checks = CHECKS[kind](partial(plugin.factory, **parameters))
    if kind == "analyzers":
        shown = partial(declares_what_it_has, plugin, partial(plugin.factory, **parameters))
        checks = [*checks, Check(declares_what_it_has.__name__, declares_what_it_has.__doc__ or "", shown)]
    plain = Check("its_name_and_summary_are_plain", _plain.__doc__ or "", partial(_plain, plugin))
    return Examined(
        kind, plugin.name, parameters, [_named(check, plugin.name, expected_failures) for check in (plain, *checks)]
    )


def _plain(plugin: Any) -> None:
    """A suite can write the name without quotes, and a table the summary in one line."""
    require(bool(plugin.name) and not set(plugin.name) & set(" \t\n:,#[]{}'\""), f"the name is {plugin.name!r}")
    require(bool(plugin.summary.strip()) and "\n" not in plugin.summary, f"the summary is {plugin.summary!r}")


def _named(check: Check, plugin: str, expected_failures: ExpectedFailures) -> Check:
    name = f"{plugin}:{check.name}"
    return replace(check, name=name, reason=expected_failures.get(name, expected_failures.get(check.name)))


def _known(noun: str, asked: Mapping[str, object], known: Sequence[str]) -> None:
    for name in asked:
        if name not in known:
            raise PluginError(f"there is no {noun} {name!r} here.{did_you_mean(name, known)}")
