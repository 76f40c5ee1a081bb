"""`sparsebench run SUITE`."""

from __future__ import annotations

from typing import Any

import click

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import LEADERBOARDS, suite_options
from sparsebench.errors import StoreError
from sparsebench.leaderboard import Board, read_published, refusals, reproduction
from sparsebench.planning.session import Session, open_session
from sparsebench.runner import Runner


@click.command("run")
@suite_options
def command(**options: Any) -> int:
    """Run SUITE, a name or a path: compute what is missing, print its leaderboard."""
    session = open_session(**options)
    session.check_devices()
    board = Runner(session.store, session.runs, session.progress).run(session.plan)
    click.echo((session.folder / "leaderboard.md").read_text(encoding="utf-8"))
    click.echo(_closing(session, board))
    return Exit.FAILED_CELLS if board.failures else Exit.OK


def _closing(session: Session, board: Board) -> str:
    lines = [f"written: {session.folder / 'leaderboard.md'}, and .html to explore", *map(str, refusals(board))]
    try:
        published = read_published(LEADERBOARDS, session.suite.name)
    except StoreError:
        return "\n".join(lines)
    return "\n".join([*lines, f"{reproduction(board, published)} published figures ({LEADERBOARDS})"])
