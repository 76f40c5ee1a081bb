"""The figure of a factor: every seed, their means, and what goes along with the outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsebench.plots import new_figure, style, svg
from sparsebench_plugins.analyzers.factor_study.verdict import t_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Panel:
    """Panel of a figure. name: what the vertical axis shows. lines: name -> values (n seeds, k levels)."""

    name: str
    lines: Mapping[str, np.ndarray]


def draw_panels(panels: Sequence[Panel], levels: Sequence[str], *, factor: str) -> str:
    """One panel beside the other, levels at equal distances."""
    with style():
        figure, all_axes = new_figure(len(panels))
        for axes, panel in zip(all_axes, panels, strict=True):
            for number, (name, values) in enumerate(panel.lines.items()):
                _line(axes, values, colour=f"C{number}", label=name)
            axes.set(xlabel=factor.replace("_", " "), ylabel=panel.name)
            axes.set_xticks(range(len(levels)), levels)
        all_axes[0].legend(fontsize="small")
        return svg(figure)


def _line(axes: Axes, values: np.ndarray, *, colour: str, label: str) -> None:
    """Dots are seeds; the line joins means, with Student's 95 % intervals."""
    n, k = values.shape
    positions = np.arange(k)
    for row in values:
        axes.plot(positions, row, ".", color=colour, alpha=0.35, markersize=5)
    means = values.mean(axis=0)
    bounds = np.array([t_interval(column) for column in values.T])
    errors = np.abs(bounds.T - means)
    axes.errorbar(positions, means, yerr=errors, color=colour, capsize=3, linewidth=1.2, label=f"{label} ({n} seeds)")
