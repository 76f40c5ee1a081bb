"""`sparsebench plugins list`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import click
from tabulate import tabulate

from benchmark.cli import Exit
from benchmark.cli.options import plugin_options
from benchmark.cli.session import discover
from benchmark.plugin_hooks import RECORDS
from benchmark.registry import Registry


@click.group("plugins")
def command() -> None:
    """List the plugins."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@plugin_options
def list_(as_json: bool, plugin_switches: Sequence[str]) -> int:
    """What suites can name, from which distribution and version; broken plugins with the reason."""
    registry = discover(plugin_switches)
    rows = list(_rows(registry))
    broken = [{"name": each.name, "distribution": each.distribution, "reason": each.reason} for each in registry.broken]
    if as_json:
        click.echo(json.dumps({"plugins": rows, "broken": broken, "blocked": registry.blocked}, indent=1))
        return Exit.OK
    click.echo(tabulate(rows, headers="keys", tablefmt="github"))
    for each in registry.broken:
        click.echo(f"broken: {each}. `sparsebench doctor` shows where.")
    return Exit.OK


def _rows(registry: Registry) -> Iterator[dict[str, str]]:
    for kind in RECORDS:
        for name, registered in getattr(registry, kind).items():
            provider = registered.provider
            yield {
                "kind": kind,
                "name": name,
                "from": f"{provider.distribution} {provider.version}",
                "summary": registered.plugin.summary,
            }
