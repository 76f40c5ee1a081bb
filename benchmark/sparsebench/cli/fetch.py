"""`sparsebench fetch SUITE`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import click

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import example, only_option, plugin_options
from sparsebench.cli.output import echo
from sparsebench.collection.read import require
from sparsebench.errors import SuiteError
from sparsebench.planning.needs import needs
from sparsebench.records import patterns
from sparsebench.registry import discover
from sparsebench.suite import Suite, load_suite


@click.command("fetch", epilog=example("sparsebench fetch quickstart"))
@click.argument("suite")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a value, as for `run`.")
@click.option("--offline", is_flag=True, help="Download nothing; list what is missing.")
@only_option
@plugin_options
def command(
    suite: str, overrides: Sequence[str], offline: bool, only: Sequence[str], plugin_switches: Sequence[str]
) -> int:
    """Download all that SUITE needs: collections and checkpoints."""
    registry = discover(plugin_switches)
    loaded = _needed(load_suite(suite, registry, overrides), only)
    _, parts = needs(loaded, registry)
    if not offline:
        for part in parts:
            for line in part.missing():
                echo(f"fetching {line}", err=True)
            part.fetch()
    require(parts)
    echo(f"{loaded.name}: everything is at hand")
    return Exit.OK


def _needed(suite: Suite, only: Sequence[str]) -> Suite:
    """The collections and models of the cells that match. Raises SuiteError where none does."""
    cells = [
        (collection, model)
        for collection, model, postprocessor in product(suite.collections, suite.models, suite.postprocessors)
        if patterns.matches(collection.label, model.label, postprocessor.label, only)
    ]
    if not cells:
        raise SuiteError(f"no cell matches {' '.join(only)}. `sparsebench plan {suite.name}` names them all.")
    collections, models = ([each for each in of if each in named] for of, named in zip(
        (suite.collections, suite.models), zip(*cells, strict=True), strict=True
    ))  # fmt: skip
    return suite.model_copy(update={"collections": tuple(collections), "models": tuple(models)})
