"""`sparsebench report SUITE`."""

from __future__ import annotations

from pathlib import Path

import click

from benchmark.cli import Exit
from benchmark.cli.options import LEADERBOARDS, runs_option
from benchmark.leaderboard import check, read_board, read_published, render_markdown
from benchmark.store import write_atomically


@click.command("report")
@click.argument("suite")
@click.option("--published", is_flag=True, help=f"Read {LEADERBOARDS}/ instead of the runs.")
@click.option(
    "--check", "checking", is_flag=True, help="Fail when the file is not what the records say; write nothing."
)
@runs_option
def command(suite: str, published: bool, checking: bool, runs: Path) -> int:
    """Write the leaderboard of SUITE from its records alone, and print it."""
    if published:
        board, page = read_published(LEADERBOARDS, suite), LEADERBOARDS / f"{suite}.md"
    else:
        board, page = read_board(runs / suite), runs / suite / "leaderboard.md"
    if checking:
        difference = check(board, page, costs=not published)
        click.echo(difference or f"{page} is what the records say")
        return Exit.FAILED_CELLS if difference else Exit.OK
    text = render_markdown(board, costs=not published)
    write_atomically(page, text)
    click.echo(text)
    return Exit.OK
