"""The curve of wackiness over tokens, as a figure."""

from __future__ import annotations

import numpy as np

from sparsebench.plots import new_figure, style, svg


def draw_curve(curve: np.ndarray, *, title: str) -> str:
    """A wackiness curve: values (C,) in [0, 1], descending."""
    with style():
        figure, (axes,) = new_figure(1)
        axes.plot(np.arange(1, curve.size + 1), curve, color="C3")
        axes.set(xlabel="tokens, the wackiest first (bins)", ylabel="wackiness", ylim=(0, 1.02), title=title)
        return svg(figure)
