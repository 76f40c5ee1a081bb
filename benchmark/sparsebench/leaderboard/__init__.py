"""Leaderboards made from records alone: tables, markdown, HTML, CSV, LaTeX, exports."""

from sparsebench.leaderboard.board import Board, Row, read_board
from sparsebench.leaderboard.markdown import render_markdown
from sparsebench.leaderboard.merge import merged_report, suite_folder
from sparsebench.leaderboard.published import Reproduction, published_report, read_published, reproduction
from sparsebench.leaderboard.publishing import publish
from sparsebench.leaderboard.report import FORMATS, PAGES, Report, read_report
from sparsebench.leaderboard.summaries import Refusal, refusals

__all__ = [
    "FORMATS",
    "PAGES",
    "Board",
    "Refusal",
    "Report",
    "Reproduction",
    "Row",
    "merged_report",
    "publish",
    "published_report",
    "read_board",
    "read_published",
    "read_report",
    "refusals",
    "render_markdown",
    "reproduction",
    "suite_folder",
]
