"""Set a plugin aside that was written for another version of the contract, before anything of it is used."""

from __future__ import annotations

from sparsebench.contracts.hookspecs import API_VERSION, OLDEST_API_VERSION
from sparsebench.errors import PluginError

DECLARATION = "requires_api"
"""What a plugin may have beside its hooks: a version of the contract, or several of which one must be here."""


class OtherApi(PluginError):
    """The plugin needs another version of the contract. upgrade_harness: whether a newer sparsebench would have it."""

    def __init__(self, message: str, *, upgrade_harness: bool) -> None:
        super().__init__(message)
        self.upgrade_harness = upgrade_harness


def require_api(plugin: object) -> None:
    """Compare what a plugin declares with what is here; one that declares nothing is taken at its word.

    Raises OtherApi for a plugin that is older or newer, PluginError for a declaration that is no version.
    """
    declared = getattr(plugin, DECLARATION, None)
    if declared is None:
        return
    versions = _versions(declared)
    if any(OLDEST_API_VERSION <= version <= API_VERSION for version in versions):
        return
    newer = min(versions) > API_VERSION
    asked = " or ".join(map(str, sorted(versions)))
    raise OtherApi(
        f"it is {'newer' if newer else 'older'} than this sparsebench: it needs version {asked} of the plugin contract "
        f"({DECLARATION}), here is {_here()}",
        upgrade_harness=newer,
    )


def _versions(declared: object) -> tuple[int, ...]:
    versions = declared if isinstance(declared, tuple | list) else (declared,)
    if not versions or not all(type(version) is int and version > 0 for version in versions):
        raise PluginError(f"{DECLARATION} is {declared!r}; it is a version such as {API_VERSION}, or several: (1, 2)")
    return tuple(versions)


def _here() -> str:
    if OLDEST_API_VERSION == API_VERSION:
        return f"version {API_VERSION}"
    return f"version {API_VERSION}, which still takes plugins for {OLDEST_API_VERSION}"
