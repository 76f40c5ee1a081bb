"""`sparsebench run SUITE`."""

from __future__ import annotations

import shutil
from contextlib import closing
from typing import Any

import click

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import LEADERBOARDS, example, suite_options
from sparsebench.cli.output import count, echo
from sparsebench.cli.terminal import terminal_tables
from sparsebench.encoding import slow_without
from sparsebench.errors import StoreError
from sparsebench.execution import Here, Local, run_suite
from sparsebench.execution.request import Planned, Request
from sparsebench.execution.tally import Tally
from sparsebench.leaderboard import Board, read_published, refusals, reproduction
from sparsebench.leaderboard.report import read_report
from sparsebench.records import INDEX_FILE, PAGE

FAILURES_SHOWN = 10


@click.command("run", epilog=example("sparsebench run quickstart --only '*/bm25/*' --limit-queries 10"))
@click.option("-q", "--quiet", is_flag=True, help="Print what failed and nothing else.")
@suite_options
@click.option(
    "--in-process", is_flag=True, help="Do the work in this process, for debuggers: a plugin that crashes ends all."
)
@click.option(
    "--plugin-timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Stop a call of a plugin that takes longer; what needs it fails.  [default: no limit]",
)
def command(*, quiet: bool, in_process: bool, plugin_timeout: float | None, **options: Any) -> int:
    """Run SUITE, a name or a path: compute what is missing, print its leaderboard as far as the terminal is wide.

    The work is done in a child process: a plugin that crashes, exits or outlasts its time fails alone.
    """
    if in_process and plugin_timeout:
        raise click.UsageError("--plugin-timeout ends the process that a plugin runs in; leave out --in-process")
    if not quiet and (missing := slow_without()):
        echo(f"slow: {missing}", err=True)
    with closing(Here() if in_process else Local(time_limit=plugin_timeout)) as executor:
        planned = run_suite(Request(**options), executor)
    report = read_report(planned.folder, planned.comparison)
    _say_failures(planned, report.board)
    if not quiet:
        width = shutil.get_terminal_size().columns
        echo(terminal_tables(report, width=width))
        echo(_closing(planned, report.board))
    return Exit.FAILED_CELLS if report.board.failures else Exit.OK


def _say_failures(planned: Planned, board: Board) -> None:
    """Print to stderr what failed and why; one file that is damaged fails many cells, so no more than the first."""
    for line in board.failures[:FAILURES_SHOWN]:
        echo(f"failed: {line}", err=True)
    if (more := len(board.failures) - FAILURES_SHOWN) > 0:
        echo(f"failed: {more} more, all in {planned.folder / PAGE}.md", err=True)


def _closing(planned: Planned, board: Board) -> str:
    lines = [f"written: {planned.folder / PAGE}.md, and .html to explore", *_counts(planned.done)]
    lines += map(str, refusals(board))
    if board.pending:
        lines.append(f"{count(board.pending, 'cell is', 'cells are')} not computed yet")
    if (LEADERBOARDS / planned.name / INDEX_FILE).is_file():
        lines.append(_reproduced(board))
    return "\n".join(lines)


def _counts(done: Tally) -> list[str]:
    """Two lines: what became of the cells, and of the texts."""
    cells = done.cells
    total = count(cells.computed + cells.kept + cells.failed, "cell")
    again = f"; measures taken again of {cells.measured_again}" if cells.measured_again else ""
    texts = f"texts: {done.encoded:,} encoded, vectors of {done.reused:,} reused"
    return [f"{total}: {cells.computed} computed, {cells.kept} kept, {cells.failed} failed{again}", texts]


def _reproduced(board: Board) -> str:
    try:
        published = read_published(LEADERBOARDS, board.suite)
    except StoreError as error:
        return f"not compared with the published figures: {error}"
    return f"{reproduction(board, published)} published figures ({LEADERBOARDS})"
