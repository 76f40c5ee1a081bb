"""The leaderboard as one HTML page that needs no network and no framework."""

from sparsebench.leaderboard.html.page import render_html

__all__ = ["render_html"]
