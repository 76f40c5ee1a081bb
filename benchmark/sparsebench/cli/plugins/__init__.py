"""`sparsebench plugins list`, `check` and `new`."""

from __future__ import annotations

import click

from sparsebench.cli.options import example
from sparsebench.cli.plugins.check import check
from sparsebench.cli.plugins.list import list_
from sparsebench.cli.plugins.new import new


@click.group("plugins", epilog=example("sparsebench plugins list"))
def command() -> None:
    """List the plugins, check one against the contract, begin a new one."""


for subcommand in (list_, check, new):
    command.add_command(subcommand)
