"""`sparsebench plugins`: list, check, new."""

from __future__ import annotations

import click

from benchmark.cli.plugins.list import list_


@click.group("plugins")
def command() -> None:
    """List the plugins, check one against the contract, begin a new one."""


for subcommand in (list_,):
    command.add_command(subcommand)
