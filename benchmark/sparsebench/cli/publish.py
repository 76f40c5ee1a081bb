"""`sparsebench publish SUITE`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from sparsebench.cli.exits import Exit
from sparsebench.cli.options import LEADERBOARDS, example, merge_option, only_option, plugin_options, results_options
from sparsebench.cli.output import echo
from sparsebench.cli.results import machines_of
from sparsebench.leaderboard import merged_report, publish
from sparsebench.leaderboard.board import Board, chosen


@click.command("publish", epilog=example("sparsebench publish quickstart --merge /mnt/other/runs"))
@results_options
@only_option
@merge_option
@click.option(
    "--to", type=click.Path(path_type=Path), default=LEADERBOARDS, show_default=True, help="Folder of tables."
)
@plugin_options
def command(
    suite: str,
    to: Path,
    runs: Path,
    overrides: Sequence[str],
    limit_queries: int | None,
    only: Sequence[str],
    others: Sequence[Path],
    plugin_switches: Sequence[str],
) -> int:
    """Put the leaderboard of SUITE and its records and per-query values into leaderboards/.

    With --merge the cells that several machines computed make one board: a cell that two of them computed must have the
    same figures. With --only the others are left out. What the suite's own analyzers find is then found anew.
    """
    folders = machines_of(suite, runs, others, overrides=overrides, limit_queries=limit_queries)
    board = chosen(merged_report(folders).board, only)
    page = publish(board, folders[0], to, others=folders[1:])
    if board.index.analyses and (len(folders) > 1 or only):
        _analyze_anew(board, to, plugin_switches)
    echo(f"written: {page}, {page.with_suffix('.html')} and {page.with_suffix('')}/")
    return Exit.OK


def _analyze_anew(board: Board, to: Path, plugin_switches: Sequence[str]) -> None:
    """Analyze the merged suite anew: no machine's own analysis has seen the cells of all."""
    from sparsebench.evaluate.published_analyses import analyze_published
    from sparsebench.registry import discover

    analyze_published(to, board.suite, discover(plugin_switches))
