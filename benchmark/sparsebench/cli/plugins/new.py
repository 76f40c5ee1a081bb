"""`sparsebench plugins new KIND NAME`."""

from __future__ import annotations

from pathlib import Path

import click

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import example
from sparsebench.cli.output import echo
from sparsebench.scaffold import KINDS, PluginKind, write_package


@click.command("new", epilog=example("sparsebench plugins new postprocessor my_method"))
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("name")
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), default=Path(), show_default=True,
              help="The folder to write the package's folder into.")  # fmt: skip
def new(kind: PluginKind, name: str, into: Path) -> int:
    """Write a complete package for a new plugin that suites will call NAME, e.g. my_method."""
    folder = write_package(kind, name, into)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        echo(path)
    echo(f"\nIt works as it stands:\n  cd {folder}\n  python -m pip install --editable '.[test]'\n  python -m pytest")
    return Exit.OK
