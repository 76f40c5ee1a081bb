"""`sparsebench schema`."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import example, plugin_options
from sparsebench.cli.output import echo
from sparsebench.registry import discover


@click.command("schema", epilog=example("sparsebench schema suite > suite.schema.json"))
@click.argument("of", type=click.Choice(["suite", "record", "reference"]), default="suite")
@plugin_options
def command(of: str, plugin_switches: Sequence[str]) -> int:
    """Print the JSON Schema of suite files, with the parameters of every plugin installed here, or of records.

    Point an editor at the first with a line `# yaml-language-server: $schema=FILE` at the top of a suite. `reference`
    is the first as a page to read.
    """
    from sparsebench.records import Record
    from sparsebench.suite.json_schema import suite_schema
    from sparsebench.suite.reference import suite_reference

    if of == "reference":
        echo(suite_reference(discover(plugin_switches)), nl=False)
        return Exit.OK
    schema = Record.model_json_schema() if of == "record" else suite_schema(discover(plugin_switches))
    echo(json.dumps(schema, indent=1))
    return Exit.OK
