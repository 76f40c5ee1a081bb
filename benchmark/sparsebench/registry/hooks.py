"""Ask one plugin what it provides, and refuse what breaks the contract of `sparsebench.contracts.hookspecs`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import pluggy

from sparsebench.contracts import hookspecs
from sparsebench.contracts.hookspecs import PROJECT, AnalyzerPlugin, CollectionPlugin, ModelPlugin, PostprocessorPlugin
from sparsebench.errors import PluginError, did_you_mean
from sparsebench.registry.api_version import require_api

Kind = Literal["models", "postprocessors", "analyzers", "collections"]

RECORDS: Mapping[Kind, type] = {
    "models": ModelPlugin,
    "postprocessors": PostprocessorPlugin,
    "analyzers": AnalyzerPlugin,
    "collections": CollectionPlugin,
}


TRACE_VARIABLE = "SPARSEBENCH_TRACE_PLUGINS"


def call_hooks(plugin: object) -> dict[Kind, list[Any]]:
    """Return the records of each kind that a module or object provides.

    With SPARSEBENCH_TRACE_PLUGINS=1 each call is told on stderr: the hook, its provider, and what came back.

    Raises PluginError for a plugin of another version of the contract, and for a hook that is misspelled, not marked
    with `@hookimpl`, or returns anything but its records.
    """
    # First of all: a plugin for another contract breaks this one in ways that would say nothing of the reason.
    require_api(plugin)
    # A manager for each plugin: one that fails half-way through its registration leaves nothing behind for others.
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(plugin)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(_wrong_hooks(manager, plugin) or str(error)) from error
    _require_marks(manager, plugin)
    return {kind: _records(getattr(manager.hook, f"register_{kind}"), record) for kind, record in RECORDS.items()}


def _wrong_hooks(manager: pluggy.PluginManager, plugin: object) -> str:
    known = [f"register_{kind}" for kind in RECORDS]
    unknown = [hook.name for hook in manager.get_hookcallers(plugin) or () if not hook.has_spec()]
    return "; ".join(f"unknown hook {name!r}.{did_you_mean(name, known)}" for name in unknown)


def _require_marks(manager: pluggy.PluginManager, plugin: object) -> None:
    """Refuse hooks without `hookimpl`, which pluggy passes over in silence: their plugins would be unknown."""
    marked = {hook.name for hook in manager.get_hookcallers(plugin) or ()}
    names = [f"register_{kind}" for kind in RECORDS if hasattr(plugin, f"register_{kind}")]
    if unmarked := [name for name in names if name not in marked]:
        raise PluginError(f"{', '.join(unmarked)}: the mark @sparsebench.hookimpl is missing")
    if not marked:
        raise PluginError("it implements no hook (@sparsebench.hookimpl)")


def _records(hook: pluggy.HookCaller, record: type) -> list[Any]:
    found: list[Any] = []
    for implementation in hook.get_hookimpls():
        # Called directly: pluggy would drop the None of a function that forgot to return.
        returned = implementation.function()
        if not isinstance(returned, Iterable):
            raise PluginError(f"{hook.name} returned {returned!r}, not {record.__name__} records")
        for each in returned:
            if not isinstance(each, record):
                raise PluginError(f"{hook.name} gave {each!r}, which is no {record.__name__}")
            found.append(each)
        _trace(hook.name, implementation.plugin_name, found)
    return found


def _trace(hook: str, provider: str, found: Iterable[Any]) -> None:
    if os.environ.get(TRACE_VARIABLE, "") not in ("", "0"):
        print(f"{hook} of {provider}: {', '.join(each.name for each in found)}", file=sys.stderr)
