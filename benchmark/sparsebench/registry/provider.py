"""The provider of a plugin, and what is wrong with one that cannot be used."""

from __future__ import annotations

import importlib.metadata
import sys
import traceback
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

from sparsebench.contracts.hookspecs import PROJECT
from sparsebench.errors import PluginError, described, words
from sparsebench.provenance.digests import sha256
from sparsebench.provenance.entries import module_of
from sparsebench.registry.api_version import OtherApi
from sparsebench.registry.importing import is_file

HARNESS_UPDATE = f"python -m pip install --upgrade {PROJECT}"


@dataclass(frozen=True, order=True)
class Provider:
    """Origin of a plugin. `name` is its entry point's: what `-p no:NAME` takes."""

    distribution: str
    version: str
    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.distribution} {self.version}, module {self.module})"

    @classmethod
    def of_entry(cls, entry: EntryPoint) -> Provider:
        """Make the provider of an installed plugin."""
        # A distribution whose metadata are half gone still has entry points, but neither name nor version.
        dist = entry.dist
        facts = {key: dist.metadata[key] for key in dist.metadata} if dist else {}
        name, version = facts.get("Name", "unknown"), facts.get("Version", "unknown")
        return cls(name, version, module_of(entry) or entry.value, entry.name)

    @classmethod
    def of_object(cls, plugin: object) -> Provider:
        """Make the provider of a module or an object that need not be installed."""
        module = getattr(plugin, "__name__", None) or type(plugin).__module__
        return cls("not installed", "0", module, module)

    @classmethod
    def of_module(cls, asked: str, module: ModuleType) -> Provider:
        """Make the provider of what `--plugin` names: a file is its own distribution, and its digest the version."""
        if is_file(asked):
            return cls(Path(asked).name, f"sha256:{sha256(Path(asked))[:12]}", module.__name__, Path(asked).stem)
        if distributions := importlib.metadata.packages_distributions().get(asked.partition(".")[0]):
            return cls(distributions[0], importlib.metadata.version(distributions[0]), asked, asked)
        return cls.of_object(module)


@dataclass(frozen=True)
class BrokenPlugin:
    """A plugin that could not be used: why, and what its user can do."""

    provider: Provider
    reason: str
    fix: str
    traceback: str

    def __str__(self) -> str:
        return f"{self.provider.name} ({self.provider.distribution} {self.provider.version}): {self.reason}"

    @classmethod
    def by(cls, provider: Provider, error: BaseException) -> BrokenPlugin:
        """One that raised `error` when it was imported or asked for what it provides."""
        reason = words(error) if isinstance(error, PluginError) else described(error)
        trace = "".join(traceback.format_exception(error))
        return cls(provider, reason, f"{_fix(provider, error)}, or leave it out: -p no:{provider.name}", trace)


def _fix(provider: Provider, error: BaseException) -> str:
    update = f"python -m pip install --upgrade {provider.distribution}"
    if isinstance(error, ImportError) and (place := _found_instead(provider, error)):
        found, folder = place
        return f"if {found} is not of {provider.distribution}, it hides it: rename it, or take {folder} from PYTHONPATH"
    if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] != PROJECT:
        return f"install what has the module {error.name!r}"
    if isinstance(error, OtherApi) and error.upgrade_harness:
        return f"take a newer sparsebench ({HARNESS_UPDATE})"
    if isinstance(error, OtherApi):
        return f"take a version of {provider.distribution} for this contract ({update})"
    if isinstance(error, ImportError) and (error.name or "").partition(".")[0] == PROJECT:
        # Its `requires_api` could not be read, and what it misses is ours.
        return f"it is for another version of sparsebench: update that ({HARNESS_UPDATE}) or the plugin ({update})"
    if isinstance(error, PluginError):
        return f"it breaks the contract; a newer version may not ({update})"
    return f"it fails by itself; a newer version may not ({update})"


def _found_instead(provider: Provider, error: ImportError) -> tuple[Path, Path] | None:
    """Return where Python finds the plugin's package and the folder on the path, if what is missing is a part of it."""
    top = provider.module.partition(".")[0]
    if error.name is None or error.name.partition(".")[0] != top or error.name == top:
        return None
    module = sys.modules.get(top)
    places = [*getattr(module, "__path__", ()), *filter(None, [getattr(module, "__file__", None)])]
    return (Path(places[-1]), Path(places[0]).parent) if places else None
