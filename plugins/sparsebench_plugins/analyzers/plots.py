"""Plots as SVG text: same values, same bytes. Needs matplotlib, the extra `plots`; importing this module does not."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sparsebench import Json

LEFT_OUT = "left out: drawing needs matplotlib; pip install 'sparsebench[plots]'"

NO_METADATA = {"Date": None, "Creator": None}


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def draw_curve(curve: np.ndarray, *, title: str) -> str:
    """A wackiness curve: values (C,) in [0, 1], descending."""
    with style():
        figure, (axes,) = new_figure(1)
        axes.plot(np.arange(1, curve.size + 1), curve, color="C3")
        axes.set(xlabel="tokens, the wackiest first (bins)", ylabel="wackiness", ylim=(0, 1.02), title=title)
        return svg(figure)


def draw_removal(grid: Sequence[int], arms: Mapping[str, Mapping[str, Json]], *, measure: str) -> str:
    """Removal curves against K and against removed mass, with the band of each random arm (see `removal`'s values)."""
    colours = {"wackiest": "C3", "least_wacky": "C0", "random": "C7", "matched": "C2"}
    with style():
        figure, (by_k, by_mass) = new_figure(2)
        for name, colour in colours.items():
            for axes, x in ((by_k, grid), (by_mass, arms[name]["mass"])):
                _arm(axes, x, arms[name], label=name.replace("_", " "), color=colour)
        everything = arms["all_expansion"]["effect"]
        for axes in (by_k, by_mass):
            axes.axhline(0, color="black", linewidth=0.6)
            axes.axhline(everything, color="black", linestyle=":", label="all expansion")
        by_k.set(xscale="log", xlabel="tokens removed (K)", ylabel=f"change of {measure}")
        by_mass.set(xlabel="share of expansion weight removed")
        by_k.legend()
        return svg(figure)


def _arm(axes: Axes, x: Sequence[float], arm: Mapping[str, Json], *, label: str, color: str) -> None:
    axes.plot(x, arm["effect"], label=label, color=color)
    if "low" in arm:
        axes.fill_between(x, arm["low"], arm["high"], color=color, alpha=0.2, linewidth=0)


@contextmanager
def style() -> Iterator[None]:
    """matplotlib's own defaults, whatever the user's are."""
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
