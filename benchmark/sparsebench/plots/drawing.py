"""Figures as SVG text: same values, same bytes. Needs matplotlib, the extra `plots`; importing this does not."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEFT_OUT = "left out: drawing needs matplotlib; pip install 'sparsebench[plots]'"

NO_METADATA = {"Date": None, "Creator": None}


def can_draw() -> bool:
    """Return whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


@contextmanager
def style() -> Iterator[None]:
    """Draw by matplotlib's own defaults, whatever the user's are."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams["svg.hashsalt"] = "sparsebench"  # else ids are random
        matplotlib.rcParams["svg.fonttype"] = "none"
        yield


def new_figure(panels: int) -> tuple[Figure, list[Axes]]:
    """A figure of so many panels: up to three in a row, more in rows of two."""
    from matplotlib.figure import Figure

    columns = panels if panels <= 3 else 2
    rows = -(-panels // columns)
    figure = Figure(figsize=(5 * columns, 3.6 * rows), layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False).flat)[:panels]


def svg(figure: Figure) -> str:
    """The figure as text."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata=NO_METADATA)
    return text.getvalue()
