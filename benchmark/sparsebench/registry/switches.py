"""The registry as command-line switches ask for it."""

from __future__ import annotations

from collections.abc import Sequence

from sparsebench.registry.registry import Registry


def discover(plugin_switches: Sequence[str]) -> Registry:
    """The registry with the modules and files that `--plugin` names, without what `-p no:NAME` leaves out."""
    blocked = [switch.removeprefix("no:") for switch in plugin_switches if switch.startswith("no:")]
    extra = [switch for switch in plugin_switches if not switch.startswith("no:")]
    return Registry.discover(blocked=blocked, extra=extra)
