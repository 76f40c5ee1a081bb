"""`sparsebench report SUITE`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import LEADERBOARDS, example, merge_option, only_option, plugin_options, results_options
from sparsebench.cli.output import echo, write_or_print
from sparsebench.cli.results import Results, machines_of, published_of, results_of
from sparsebench.leaderboard import FORMATS, PAGES, Report, merged_report, published_report, read_report
from sparsebench.leaderboard.board import chosen
from sparsebench.records import PAGE
from sparsebench.store import write_atomically


@click.command(
    "report",
    epilog=example(
        "sparsebench report quickstart --format csv --output quickstart.csv",
        "sparsebench report quickstart --merge /mnt/other/runs",
    ),
)
@results_options
@click.option("--format", "form", type=click.Choice(FORMATS), help="One format only.  [default: md and html]")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
@click.option("--published", is_flag=True, help=f"Read {LEADERBOARDS}/ instead of the runs.")
@only_option
@merge_option
@click.option(
    "--analyze", is_flag=True, help="With --published: first run the suite's own analyzers on the records again."
)
@click.option(
    "--check", "checking", is_flag=True, help="Fail when the pages are not what the records say; write nothing."
)
@plugin_options
def command(
    suite: str,
    form: str | None,
    output: Path | None,
    published: bool,
    others: tuple[Path, ...],
    analyze: bool,
    checking: bool,
    runs: Path,
    overrides: tuple[str, ...],
    limit_queries: int | None,
    only: tuple[str, ...],
    plugin_switches: tuple[str, ...],
) -> int:
    """Write the leaderboard of SUITE from its records alone, and print it.

    With --merge or --only it is printed, or written where --output says; no page is touched.
    """
    _refuse(others=others, only=only, published=published, checking=checking)
    if analyze:
        _analyze(suite, published, plugin_switches)
    report, folder, name = (
        _published(suite)
        if published
        else _merged(machines_of(suite, runs, others, overrides=overrides, limit_queries=limit_queries))
        if others
        else _computed(results_of(suite, runs, overrides=overrides, limit_queries=limit_queries))
    )
    if checking:
        return _check(report, folder, name, [form] if form else PAGES)
    if only:
        report = replace(report, board=chosen(report.board, only))
    if output is not None or others or only or form not in (None, *PAGES):
        write_or_print(report.render(form or "md"), output)
        return Exit.OK
    for each in [form] if form else PAGES:
        write_atomically(folder / f"{name}.{each}", report.render(each))
    echo(report.render("md") if form != "html" else f"written: {folder / name}.html")
    return Exit.OK


def _refuse(*, others: Sequence[Path], only: Sequence[str], published: bool, checking: bool) -> None:
    """Options that contradict one another. Raises click.UsageError."""
    if others and (published or checking):
        raise click.UsageError(
            "--merge joins runs into a text of its own; it goes with neither --published nor --check. "
            "`sparsebench publish SUITE --merge DIR` publishes them"
        )
    if only and checking:
        raise click.UsageError("--check compares whole pages; leave out --only")


def _analyze(suite: str, published: bool, plugin_switches: Sequence[str]) -> None:
    if not published:
        raise click.UsageError("--analyze goes with --published; `sparsebench run` analyzes its own records")
    from sparsebench.evaluate.published_analyses import analyze_published
    from sparsebench.registry import discover  # here: a report that analyzes nothing needs neither plugins nor plans

    analyze_published(LEADERBOARDS, published_of(suite).name, discover(plugin_switches))


def _published(suite: str) -> tuple[Report, Path, str]:
    """The report, and where its pages lie."""
    name = published_of(suite).name
    return published_report(LEADERBOARDS, name), LEADERBOARDS, name


def _merged(folders: Sequence[Path]) -> tuple[Report, Path, str]:
    return merged_report(folders), folders[0], PAGE


def _computed(results: Results) -> tuple[Report, Path, str]:
    return read_report(results.folder), results.folder, PAGE


def _check(report: Report, folder: Path, name: str, forms: Sequence[str]) -> int:
    pages = {form: folder / f"{name}.{form}" for form in forms}
    differences = [found for form, page in pages.items() if (found := report.check(page, form))]
    differences += report.unfounded()
    echo("\n".join(differences) or f"what the records say: {', '.join(map(str, pages.values()))}")
    return Exit.FAILED_CELLS if differences else Exit.OK
