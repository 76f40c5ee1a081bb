"""`sparsebench run SUITE`."""

from __future__ import annotations

from typing import Any

import click

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import LEADERBOARDS, suite_options
from sparsebench.errors import StoreError
from sparsebench.leaderboard import Board, read_published, refusals, reproduction
from sparsebench.planning.session import Session, open_session
from sparsebench.records import INDEX_FILE, PAGE
from sparsebench.runner import Runner


@click.command("run")
@suite_options
def command(**options: Any) -> int:
    """Run SUITE, a name or a path: compute what is missing, print its leaderboard."""
    session = open_session(**options)
    session.check_devices()
    board = Runner(session.store, session.runs, session.progress).run(session.plan)
    click.echo((session.folder / f"{PAGE}.md").read_text(encoding="utf-8"))
    click.echo(_closing(session, board))
    return Exit.FAILED_CELLS if board.failures else Exit.OK


def _closing(session: Session, board: Board) -> str:
    lines = [f"written: {session.folder / PAGE}.md, and .html to explore", *map(str, refusals(board))]
    if (LEADERBOARDS / session.suite.name / INDEX_FILE).is_file():
        lines.append(_reproduced(board))
    return "\n".join(lines)


def _reproduced(board: Board) -> str:
    try:
        published = read_published(LEADERBOARDS, board.suite)
    except StoreError as error:
        return f"not compared with the published figures: {error}"
    return f"{reproduction(board, published)} published figures ({LEADERBOARDS})"
