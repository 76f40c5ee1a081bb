"""Draw figures of analyzers as SVG, byte for byte the same on every machine (extra `[plots]`).

with style():
    figure, (axes,) = new_figure(1)
    axes.plot(values)
    text = svg(figure)
"""

from sparsebench.plots.drawing import LEFT_OUT, can_draw, new_figure, style, svg

__all__ = ["LEFT_OUT", "can_draw", "new_figure", "style", "svg"]
