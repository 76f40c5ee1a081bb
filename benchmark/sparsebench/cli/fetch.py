"""`sparsebench fetch SUITE`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import plugin_options
from sparsebench.collection.read import require
from sparsebench.planning.needs import needs
from sparsebench.registry import discover
from sparsebench.suite import load_suite


@click.command("fetch")
@click.argument("suite")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a value, as for `run`.")
@click.option("--offline", is_flag=True, help="Download nothing; list what is missing.")
@plugin_options
def command(suite: str, overrides: Sequence[str], offline: bool, plugin_switches: Sequence[str]) -> int:
    """Download all that SUITE needs: collections and checkpoints."""
    registry = discover(plugin_switches)
    loaded = load_suite(suite, registry, overrides)
    _, parts = needs(loaded, registry)
    if not offline:
        for part in parts:
            for line in part.missing():
                click.echo(f"fetching {line}", err=True)
            part.fetch()
    require(parts)
    click.echo(f"{loaded.name}: everything is at hand")
    return Exit.OK
