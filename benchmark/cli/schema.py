"""`sparsebench schema`."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from benchmark.cli import Exit
from benchmark.cli.options import plugin_options
from benchmark.cli.session import discover


@click.command("schema")
@plugin_options
def command(plugin_switches: Sequence[str]) -> int:
    """Print the JSON Schema of suite files, with the parameters of every plugin installed here.

    Point an editor at it with a first line `# yaml-language-server: $schema=FILE`.
    """
    from benchmark.suite.json_schema import suite_schema

    click.echo(json.dumps(suite_schema(discover(plugin_switches)), indent=1))
    return Exit.OK
