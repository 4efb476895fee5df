"""Bars with their error bars and marks as one picture, for a reader without a kernel."""

import numpy as np

from xaiwidgets.explorers.curve_panels import COLOURS
from xaiwidgets.views import BarsView, Panel

RELEVANCE = ("#d6604d", "#4393c3")  # as in common.css


def bar_panel(view: BarsView, title: str, pixels: int = 396) -> Panel:
    """What `view` shows, drawn in a square; what bars, error bars and ticks are stands in the caption."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(pixels / 100, pixels / 100), dpi=100, facecolor="white")
    ax = figure.add_axes((0.36, 0.1, 0.61, 0.87))
    places = np.arange(len(view.names))
    positive, negative = RELEVANCE if view.palette == "relevance" else COLOURS[:2]
    colours = [positive if value >= 0 else negative for value in view.values]
    errors = np.nan_to_num(view.errors) if len(view.errors) == len(places) else None
    ax.barh(places, view.values, xerr=errors, color=colours, height=0.6, capsize=3)
    if len(view.marks) == len(places):
        ax.plot(view.marks, places, "|", color="black", markersize=14, markeredgewidth=3)
    ax.axvline(0, color="#767676", linewidth=1)
    ax.set_yticks(places, view.names, parse_math=False)
    ax.invert_yaxis()
    ax.tick_params(labelsize=9)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    signs = [view.error_label] * (errors is not None) + [f"| {view.mark_label}"] * bool(len(view.marks))
    return Panel(np.asarray(canvas.buffer_rgba())[..., :3], title, "\n".join(signs))
