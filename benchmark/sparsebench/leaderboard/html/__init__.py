"""The leaderboard as one HTML file that needs nothing else: no network, no framework, the data inside."""

from sparsebench.leaderboard.html.page import render_html

__all__ = ["render_html"]
