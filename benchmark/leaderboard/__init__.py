"""Records -> tables. Nothing here needs torch, weights or a collection."""

from benchmark.leaderboard.board import Board, Row, read_board
from benchmark.leaderboard.markdown import render_markdown
from benchmark.leaderboard.published import Reproduction, check, publish, read_published, reproduction

__all__ = [
    "Board",
    "Reproduction",
    "Row",
    "check",
    "publish",
    "read_board",
    "read_published",
    "render_markdown",
    "reproduction",
]
