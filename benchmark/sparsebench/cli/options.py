"""Options that commands share, and where files lie by default."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

RUNS = Path("runs")
LEADERBOARDS = Path("leaderboards")

Command = Callable[..., Any]
Option = Callable[[Command], Command]


def example(*lines: str) -> str:
    """Format the end of a command's help: an example of lines to copy."""
    return "\b\n" + "\n".join(["Example:", *(f"  {line}" for line in lines)])


def runs_option(command: Command) -> Command:
    """`--runs`."""
    return click.option("--runs", type=click.Path(path_type=Path), default=RUNS, show_default=True,
                        help="Where records are written.")(command)  # fmt: skip


def plugin_options(command: Command) -> Command:
    """`--plugin`, `-p`: which plugins beside the installed ones, and which of these not."""
    return click.option("-p", "--plugin", "plugin_switches", multiple=True, metavar="MODULE|FILE.py|no:NAME",
                        help="Use a plugin that is not installed, or leave one out.")(command)  # fmt: skip


def store_option(command: Command) -> Command:
    """`--store`."""
    return click.option("--store", type=click.Path(path_type=Path),
                        help="Where vectors are kept.  [$SPARSEBENCH_STORE]")(command)  # fmt: skip


def only_option(command: Command) -> Command:
    """`--only`."""
    return click.option("--only", multiple=True, metavar="PATTERN",
                        help="Only cells whose collection/model/postprocessor matches, e.g. '*/bm25/*' or 'sinkhorn'."
                        )(command)  # fmt: skip


def dry_run_option(command: Command) -> Command:
    """`--dry-run`."""
    return click.option("--dry-run", is_flag=True, help="Say what would be deleted; delete nothing.")(command)


def merge_option(command: Command) -> Command:
    """`--merge`."""
    folder = click.Path(path_type=Path, exists=True, file_okay=False)
    told = "Join the records of another machine: its runs folder. May be repeated."
    return click.option("--merge", "others", type=folder, multiple=True, metavar="DIR", help=told)(command)


def results_options(command: Command) -> Command:
    """Add the options that name the results of a suite: the suite as `run` takes it, and what was changed of it."""
    options: list[Option] = [
        click.argument("suite"),
        click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE",
                     help="The results of a run with this `--set`."),
        click.option("--limit-queries", type=click.IntRange(min=1),
                     help="The results of a run with this `--limit-queries`."),
        runs_option,
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def suite_options(command: Command) -> Command:
    """The suite and everything that changes what it asks for."""
    options: list[Option] = [
        click.argument("suite"),
        click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE",
                     help="Override a value, e.g. models.0.checkpoint=naver/splade-v3."),
        only_option,
        click.option("--limit-queries", type=click.IntRange(min=1), help="Use a sample of the test queries."),
        click.option("--device", default="auto", show_default=True, help="What encodes: auto, cpu, cuda, cuda:1."),
        click.option("--search-device", default="auto", show_default=True,
                     help="What searches and postprocesses: auto (as --device), cpu, cuda, cuda:1."),
        click.option("--offline", is_flag=True, help="Download nothing; list what is missing."),
        store_option,
        runs_option,
        plugin_options,
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command
