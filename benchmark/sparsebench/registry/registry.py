"""Find plugins, look things up by name. A plugin that is broken is set aside and named; the others go on."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import EntryPoint
from types import MappingProxyType
from typing import Any

from sparsebench.contracts.calls import calling
from sparsebench.contracts.hookspecs import PROJECT
from sparsebench.errors import FAILURES, PluginError, did_you_mean
from sparsebench.provenance.entries import module_of
from sparsebench.provenance.source import code_digest
from sparsebench.registry.hooks import RECORDS, Kind, call_hooks
from sparsebench.registry.importing import import_plugin
from sparsebench.registry.parameters import Factory, validate
from sparsebench.registry.provider import BrokenPlugin, Provider
from sparsebench.types import Json

DISABLE_VARIABLE = "SPARSEBENCH_DISABLE_PLUGINS"

Provided = tuple[Provider, Mapping[Kind, list[Any]]]
"""A plugin and its records of each kind."""


@dataclass(frozen=True)
class Registered:
    """Entry of the registry, which a suite can name.

    `plugin` is the record that the hook returned, e.g. a ModelPlugin.
    """

    plugin: Any
    provider: Provider

    @cached_property
    def source_digest(self) -> str:
        """SHA-256 of the code behind it (for a collection: of the module that registers it)."""
        return code_digest(self.factory.__module__ if self.factory else self.provider.module)

    @property
    def factory(self) -> Factory | None:
        """The class that takes its parameters; None for a collection that is a folder."""
        factory: Factory | None = getattr(self.plugin, "factory", None) or getattr(self.plugin, "source", None)
        return factory

    def resolved(self, params: Mapping[str, Json]) -> dict[str, Any]:
        """Return the parameters with defaults filled in; raises ParameterError."""
        return validate(self.factory, params) if self.factory else {}


@dataclass(frozen=True)
class Registry:
    """Registry of all plugins by name.

    providers: the plugins in use. broken: those set aside. blocked: those that were asked to stay out.
    clashes: names that several plugins give, and which: nobody has such a name.
    """

    models: Mapping[str, Registered]
    postprocessors: Mapping[str, Registered]
    analyzers: Mapping[str, Registered]
    collections: Mapping[str, Registered]
    providers: tuple[Provider, ...] = ()
    broken: tuple[BrokenPlugin, ...] = ()
    blocked: tuple[str, ...] = ()
    clashes: Mapping[tuple[Kind, str], str] = field(default_factory=dict)

    @classmethod
    def discover(cls, *, blocked: Collection[str] = (), extra: Sequence[str] = (), group: str = PROJECT) -> Registry:
        """Load every installed plugin but those named by `blocked` or by the variable SPARSEBENCH_DISABLE_PLUGINS.

        Both take names of entry points or of distributions. extra: modules and `.py` files to load beside them.
        Raises PluginError for an extra one that is broken.
        """
        unwanted = {*blocked, *map(str.strip, os.environ.get(DISABLE_VARIABLE, "").split(","))}
        used: list[Provided] = []
        broken: list[BrokenPlugin] = []
        left_out: list[str] = []
        entries = [(Provider.of_entry(entry), entry) for entry in importlib.metadata.entry_points(group=group)]
        for provider, entry in sorted(entries):
            if unwanted & {provider.name, provider.distribution}:
                left_out.append(provider.name)
                continue
            try:
                with calling(f"plugin {provider.name}"):
                    used.append((provider, call_hooks(_loaded(entry))))
            except FAILURES as error:  # a stranger's module may do anything when it is imported
                broken.append(BrokenPlugin.by(provider, error))
        installed = {provider.module for provider, _ in used}
        used += [_named(asked) for asked in dict.fromkeys(extra) if asked not in installed]
        return cls._combine(used, tuple(broken), tuple(left_out))

    @classmethod
    def named(cls, *asked: str) -> Registry:
        """Make a registry of these modules and `.py` files alone; raises PluginError for one that is broken."""
        return cls._combine([_named(each) for each in asked])

    @classmethod
    def of(cls, *plugins: object) -> Registry:
        """Modules or objects that implement hooks and need not be installed; raises PluginError for a broken one."""
        return cls._combine([(Provider.of_object(plugin), call_hooks(plugin)) for plugin in plugins])

    @classmethod
    def _combine(
        cls,
        used: Sequence[Provided],
        broken: tuple[BrokenPlugin, ...] = (),
        blocked: tuple[str, ...] = (),
    ) -> Registry:
        clashes: dict[tuple[Kind, str], str] = {}
        models, postprocessors, analyzers, collections = (
            _by_name(
                kind, [Registered(record, provider) for provider, records in used for record in records[kind]], clashes
            )
            for kind in RECORDS
        )
        providers = tuple(provider for provider, _ in used)
        return cls(models, postprocessors, analyzers, collections, providers, broken, blocked, clashes)

    def get(self, kind: Kind, name: str) -> Registered:
        """Find a plugin by name.

        Raises PluginError, with the closest name there is and the broken plugins that may have had it.
        """
        known: Mapping[str, Registered] = getattr(self, kind)
        if name in known:
            return known[name]
        if (kind, name) in self.clashes:
            raise PluginError(self.clashes[kind, name])
        message = f"unknown {_singular(kind)} {name!r}.{did_you_mean(name, known)}"
        if self.broken:
            message += f" It may be in a plugin that is broken: {'; '.join(map(str, self.broken))}"
        raise PluginError(message)


def _loaded(entry: EntryPoint) -> object:
    if module_of(entry) is None:
        raise PluginError(f"its entry point {entry.value!r} names no module; it should read `NAME = package.module`")
    return entry.load()


def _named(asked: str) -> Provided:
    """A plugin that was asked for by name: nothing goes on without it."""
    with calling(f"plugin {asked}"):
        module = import_plugin(asked)
    provider = Provider.of_module(asked, module)
    try:
        with calling(f"plugin {asked}: hooks"):
            return provider, call_hooks(module)
    except FAILURES as error:
        raise PluginError(f"plugin {BrokenPlugin.by(provider, error)}") from error


def _by_name(
    kind: Kind, registered: Iterable[Registered], clashes: dict[tuple[Kind, str], str]
) -> Mapping[str, Registered]:
    """Name -> who gives it; a name that several give goes to `clashes`, and all other names can be used."""
    named: dict[str, list[Registered]] = {}
    for each in registered:
        named.setdefault(each.plugin.name, []).append(each)
    for name, same in named.items():
        if len(same) > 1:
            givers = " and by ".join(str(each.provider) for each in same)
            way_out = f"Leave one out with `-p no:NAME` or {DISABLE_VARIABLE}=NAME."
            clashes[kind, name] = f"the {_singular(kind)} {name!r} is given by {givers}\n{way_out}"
    return MappingProxyType({name: same[0] for name, same in sorted(named.items()) if len(same) == 1})


def _singular(kind: Kind) -> str:
    return kind.removesuffix("s")
