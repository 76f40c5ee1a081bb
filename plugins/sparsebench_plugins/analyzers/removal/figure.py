"""The figure of a removal study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sparsebench.plots import new_figure, style, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sparsebench import Json


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
