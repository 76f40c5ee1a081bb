"""`sparsebench plugins check TARGET`."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
import yaml
from packaging.utils import canonicalize_name

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import example
from sparsebench.cli.output import echo
from sparsebench.contracts.hookspecs import PROJECT
from sparsebench.errors import described
from sparsebench.registry import Registry
from sparsebench.registry.provider import Provider
from sparsebench.types import Json

if TYPE_CHECKING:
    from sparsebench.testing import Check


@click.command("check", epilog=example("sparsebench plugins check ./my_plugin.py"))
@click.argument("target", metavar="PROVIDER|DISTRIBUTION|MODULE|FILE.py")
@click.option("--set", "given", multiple=True, metavar="PLUGIN.PARAMETER=VALUE",
              help="A parameter to check with, e.g. splade.checkpoint=folder.")  # fmt: skip
@click.option("--expect-failure", "expected", multiple=True, metavar="[PLUGIN:]CHECK=REASON",
              help="A failure that is known; the check must fail then.")  # fmt: skip
def check(target: str, given: Sequence[str], expected: Sequence[str]) -> int:
    """Check all that a plugin registers against the contract, rule by rule. Exit code 1 when a rule is broken.

    `sparsebench.testing` has the same checks for a plugin's own tests.
    """
    # The kit reaches far into the harness, which the other commands of this group do not need.
    from sparsebench.testing.plugin import examine

    reasons = dict(_split(each, "=") for each in expected)
    examined = examine(Registry.named(*_modules(target)), given=_parameters(given), expected_failures=reasons)
    failures = 0
    for each in examined:
        echo(f"{each.kind.removesuffix('s')} {each.name} {json.dumps(each.parameters, default=str)}")
        failures += sum(not _as_it_should_be(rule) for rule in each.checks)
    total = sum(len(each.checks) for each in examined)
    echo(f"{total - failures} of {total} checks passed" + (f", {failures} failed" if failures else ""))
    return Exit.FAILED_CELLS if failures else Exit.OK


def _as_it_should_be(rule: Check) -> bool:
    error = rule.failure()
    if rule.reason is None and error is None:
        echo(f"  ok      {rule}")
    elif rule.reason is not None and error is not None:
        echo(f"  known   {rule}: {rule.reason}")
    else:
        what = described(error) if error else f"it passes, and was expected to fail ({rule.reason})"
        echo(f"  FAILED  {rule}: {rule.rule}\n          {what}")
    return (rule.reason is None) == (error is None)


def _modules(target: str) -> list[str]:
    """The modules of an installed provider, by its own name (as `-p no:NAME` takes it) or its distribution's; else the
    target itself."""
    entries = importlib.metadata.entry_points(group=PROJECT)
    named = {
        Provider.of_entry(entry).module
        for entry in entries
        if entry.name == target or _canonical(Provider.of_entry(entry)) == canonicalize_name(target)
    }
    return sorted(named) or [target]


def _canonical(provider: Provider) -> str:
    return canonicalize_name(provider.distribution)


def _parameters(given: Sequence[str]) -> dict[str, dict[str, Json]]:
    """`splade.checkpoint=folder` -> {"splade": {"checkpoint": "folder"}}; values are YAML, as in a suite."""
    found: dict[str, dict[str, Json]] = {}
    for each in given:
        path, value = _split(each, "=")
        plugin, parameter = _split(path, ".")
        found.setdefault(plugin, {})[parameter] = yaml.safe_load(value)
    return found


def _split(text: str, mark: str) -> tuple[str, str]:
    left, found, right = text.partition(mark)
    if not left or not found or not right:
        raise click.UsageError(f"{text!r} lacks a part before or after {mark!r}")
    return left, right
