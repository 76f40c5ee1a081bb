"""Put the HTML page together: a skeleton, its style and scripts, and the data that they show."""

from __future__ import annotations

import html
import json
from importlib import resources
from typing import TYPE_CHECKING

from sparsebench.leaderboard.board import Board
from sparsebench.leaderboard.html.data import page_data
from sparsebench.records.evidence import Evidence
from sparsebench.types import Json

if TYPE_CHECKING:
    from sparsebench.statistics import Comparison

STYLES = ("charts", "style")
# In this order, as one script: each uses those before it.
SCRIPTS = ("core", "table", "record", "plot", "queries", "tradeoffs", "curves", "notes")
NOISE = "noise"  # style and script that only a board with a noise floor needs


def render_html(
    board: Board,
    evidence: Evidence,
    comparison: Comparison | None = None,
    *,
    costs: bool = True,
    per_query: bool = True,
) -> str:
    """A whole HTML document. `per_query=False` leaves the values of single queries out, and says so."""
    data = page_data(board, evidence, comparison, costs=costs, per_query=per_query)
    more = [NOISE] if board.noise else []
    parts = {
        "TITLE": html.escape(f"{board.suite} · sparsebench"),
        "STYLE": "\n".join(_file(f"{name}.css") for name in [*STYLES, *more]),
        "DATA": _embedded(data),
        "SCRIPT": "\n".join(_file(f"{name}.js") for name in [*SCRIPTS, *more]),
    }
    # Split first, so that nothing inside a part is taken for a place.
    pieces = _file("page.html").split("%%")
    return "".join(parts[piece] if index % 2 else piece for index, piece in enumerate(pieces))


def _embedded(value: Json) -> str:
    """JSON that no HTML parser can take for markup: neither `</script>` nor `<!--` has its `<`."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def _file(name: str) -> str:
    return (resources.files("sparsebench.leaderboard.html") / name).read_text(encoding="utf-8")
