"""`sparsebench run SUITE`."""

from __future__ import annotations

import shutil
from typing import Any

import click

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import LEADERBOARDS, suite_options
from sparsebench.cli.output import count
from sparsebench.cli.terminal import terminal_tables
from sparsebench.errors import StoreError
from sparsebench.leaderboard import Board, read_published, read_report, refusals, reproduction
from sparsebench.planning.session import Session, open_session
from sparsebench.runner import Runner


@click.command("run")
@click.option("-q", "--quiet", is_flag=True, help="Print what failed and nothing else.")
@suite_options
def command(*, quiet: bool, **options: Any) -> int:
    """Run SUITE, a name or a path: compute what is missing, print its leaderboard as far as the terminal is wide."""
    session = open_session(**options)
    session.check_devices()
    board = Runner(session.store, session.runs, session.progress).run(session.plan)
    if not quiet:
        width = shutil.get_terminal_size().columns
        click.echo(terminal_tables(read_report(session.folder), width=width))
        click.echo(_closing(session, board))
    return Exit.FAILED_CELLS if board.failures else Exit.OK


def _closing(session: Session, board: Board) -> str:
    lines = [f"written: {session.folder / 'leaderboard.md'}, and .html to explore", *map(str, refusals(board))]
    if board.pending:
        lines.append(f"{count(board.pending, 'cell is', 'cells are')} not computed yet")
    try:
        published = read_published(LEADERBOARDS, session.suite.name)
    except StoreError:
        return "\n".join(lines)
    return "\n".join([*lines, f"{reproduction(board, published)} published figures ({LEADERBOARDS})"])
