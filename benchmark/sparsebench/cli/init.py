"""`sparsebench init`."""

from __future__ import annotations

from pathlib import Path

import click

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import example
from sparsebench.cli.output import echo
from sparsebench.cli.starter import Starter
from sparsebench.errors import SuiteError
from sparsebench.store import write_atomically

Existing = click.Path(path_type=Path, exists=True)


@click.command("init", epilog=example("sparsebench init --model ./my-splade --beir ./my-collection"))
@click.option("--model", metavar="FOLDER|ORG/NAME", help="Your checkpoint.  [default: BM25 alone]")
@click.option("--revision", metavar="COMMIT", help="Of a hub id: the 40 hex digits of a commit.")
@click.option("--beir", type=Existing, help="Your collection as a folder in BEIR's layout.")
@click.option(
    "--docs", type=Existing, help="Your documents: lines of id<TAB>text without a header; a title goes before its text."
)
@click.option("--queries", type=Existing, help="Your queries: lines of id<TAB>text.")
@click.option("--qrels", type=Existing, help="Your judgments: TREC's four columns, or BEIR's three.")
@click.option("--id", "dataset", metavar="ID", help="A collection of ir_datasets, e.g. beir/scifact/test.")
@click.option("--to", type=click.Path(path_type=Path, dir_okay=False), help="The suite file.  [default: NAME.yaml]")
def command(to: Path | None, **asked: str | Path | None) -> int:
    """Write a commented suite for your model and your collection; asks nothing, and overwrites no file."""
    starter = Starter.model_validate(asked)
    path = to or Path(f"{starter.name}.yaml")
    if path.exists():
        raise SuiteError(f"{path} is there already; name another file with --to")
    write_atomically(path, starter.text(path))
    echo(f"written: {path}\nnext: sparsebench plan {path}, then: sparsebench run {path}")
    return Exit.OK
