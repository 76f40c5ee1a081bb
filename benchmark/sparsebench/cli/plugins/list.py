"""`sparsebench plugins list`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

import click
from tabulate import tabulate

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import example, plugin_options
from sparsebench.cli.output import echo
from sparsebench.contracts.hookspecs import API_VERSION
from sparsebench.registry import Registry, discover
from sparsebench.registry.hooks import RECORDS
from sparsebench.registry.provider import Provider


@click.command("list", epilog=example("sparsebench plugins list"))
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@plugin_options
def list_(as_json: bool, plugin_switches: Sequence[str]) -> int:
    """List the plugins that suites can name, their providers, and broken plugins with the reason and the fix."""
    registry = discover(plugin_switches)
    listed = {
        "api_version": API_VERSION,
        "plugins": _plugins(registry),
        "providers": [asdict(each) | {"hooks": _hooks(registry, each)} for each in registry.providers],
        "broken": [asdict(each.provider) | {"reason": each.reason, "fix": each.fix} for each in registry.broken],
        "blocked": registry.blocked,
    }
    echo(json.dumps(listed, indent=1) if as_json else _for_people(registry))
    return Exit.OK


def _for_people(registry: Registry) -> str:
    providers = [
        {"provider": each.name, "distribution": each.distribution, "version": each.version, "module": each.module,
         "hooks": ", ".join(_hooks(registry, each))}
        for each in registry.providers
    ]  # fmt: skip
    parts = [tabulate(rows, headers="keys", tablefmt="github") for rows in (_plugins(registry), providers)]
    parts += [f"broken: {each}\n  fix: {each.fix}. `sparsebench doctor` shows where." for each in registry.broken]
    parts += [f"set aside: {clash}" for clash in registry.clashes.values()]
    if registry.blocked:
        parts.append(f"left out: {', '.join(registry.blocked)}")
    return "\n\n".join(parts)


def _plugins(registry: Registry) -> list[dict[str, str]]:
    return [
        {
            "kind": kind,
            "name": name,
            "from": f"{registered.provider.distribution} {registered.provider.version}",
            "summary": registered.plugin.summary,
        }
        for kind in RECORDS
        for name, registered in getattr(registry, kind).items()
    ]


def _hooks(registry: Registry, provider: Provider) -> list[str]:
    """The hooks through which it provides something."""
    used = {kind for kind in RECORDS for each in getattr(registry, kind).values() if each.provider == provider}
    return [f"register_{kind}" for kind in RECORDS if kind in used]
