"""`sparsebench run SUITE`."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import click

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import LEADERBOARDS, suite_options
from sparsebench.errors import StoreError
from sparsebench.execution import Here, Local, run_suite
from sparsebench.execution.request import Planned, Request
from sparsebench.leaderboard import Board, read_published, refusals, reproduction
from sparsebench.leaderboard.board import read_board


@click.command("run")
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
def command(*, in_process: bool, plugin_timeout: float | None, **options: Any) -> int:
    """Run SUITE, a name or a path: compute what is missing, print its leaderboard.

    The work is done in a child process: a plugin that crashes, exits or outlasts its time fails alone.
    """  # fmt: skip
    if in_process and plugin_timeout:
        raise click.UsageError("--plugin-timeout ends the process that a plugin runs in; leave out --in-process")
    with closing(Here() if in_process else Local(time_limit=plugin_timeout)) as executor:
        planned = run_suite(Request(**options), executor)
    board = read_board(planned.folder)
    click.echo((planned.folder / "leaderboard.md").read_text(encoding="utf-8"))
    click.echo(_closing(planned, board))
    return Exit.FAILED_CELLS if board.failures else Exit.OK


def _closing(planned: Planned, board: Board) -> str:
    lines = [f"written: {planned.folder / 'leaderboard.md'}, and .html to explore", *map(str, refusals(board))]
    try:
        published = read_published(LEADERBOARDS, planned.name)
    except StoreError:
        return "\n".join(lines)
    return "\n".join([*lines, f"{reproduction(board, published)} published figures ({LEADERBOARDS})"])
