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
from sparsebench.leaderboard import Board, read_published, refusals, reproduction
from sparsebench.planning.session import Session, open_session
from sparsebench.records import INDEX_FILE, PAGE
from sparsebench.runner import Runner


@click.command("run")
@click.option("-q", "--quiet", is_flag=True, help="Print what failed and nothing else.")
@suite_options
def command(*, quiet: bool, **options: Any) -> int:
    """Run SUITE, a name or a path: compute what is missing, print its leaderboard as far as the terminal is wide."""
    session = open_session(**options)
    session.check_devices()
    report = Runner(session.store, session.runs, session.progress).report(session.plan)
    if not quiet:
        width = shutil.get_terminal_size().columns
        click.echo(terminal_tables(report, width=width))
        click.echo(_closing(session, report.board))
    return Exit.FAILED_CELLS if report.board.failures else Exit.OK


def _closing(session: Session, board: Board) -> str:
    lines = [f"written: {session.folder / PAGE}.md, and .html to explore", *map(str, refusals(board))]
    if board.pending:
        lines.append(f"{count(board.pending, 'cell is', 'cells are')} not computed yet")
    if (LEADERBOARDS / session.suite.name / INDEX_FILE).is_file():
        lines.append(_reproduced(board))
    return "\n".join(lines)


def _reproduced(board: Board) -> str:
    try:
        published = read_published(LEADERBOARDS, board.suite)
    except StoreError as error:
        return f"not compared with the published figures: {error}"
    return f"{reproduction(board, published)} published figures ({LEADERBOARDS})"
