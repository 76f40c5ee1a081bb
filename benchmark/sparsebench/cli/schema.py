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
@click.argument("of", type=click.Choice(["suite", "recipe", "record", "reference"]), default="suite")
@plugin_options
def command(of: str, plugin_switches: Sequence[str]) -> int:
    """Print the JSON Schema of suites, with the parameters of every plugin installed here, of recipes or of records.

    Point an editor at one with a line `# yaml-language-server: $schema=FILE` at the top of a suite or a recipe: it then
    completes, checks, and says what a key means. Names that must exist, files, and keys that go together are checked by
    `plan` alone. `reference` is the first as a page to read.
    """
    from sparsebench.records import Record
    from sparsebench.suite.json_schema import suite_schema
    from sparsebench.suite.reference import suite_reference

    if of == "reference":
        echo(suite_reference(discover(plugin_switches)), nl=False)
        return Exit.OK
    if of == "recipe":
        from sparsebench.training.recipe_schema import recipe_schema

        click.echo(json.dumps(recipe_schema(), indent=1))
        return Exit.OK
    schema = Record.model_json_schema() if of == "record" else suite_schema(discover(plugin_switches))
    echo(json.dumps(schema, indent=1))
    return Exit.OK
