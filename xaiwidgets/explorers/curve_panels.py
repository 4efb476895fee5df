"""Curves: what a view shows and says, and as one picture for a reader without a kernel."""

import numpy as np
from torch import Tensor

from xaiwidgets.colors import as_array
from xaiwidgets.views import CurvesView, Panel

COLOURS = ("#0068a8", "#c24a00", "#007a57", "#a33f86", "#6b5b00", "#3d3d3d", "#1d7fc4", "#8c3b3b")  # as the view's
DASHES = ("-", (0, (4, 2)), (0, (1, 2)), (0, (6, 2, 1, 2)))


def curve_panel(view: CurvesView, title: str, pixels: int = 396) -> Panel:
    """What `view` shows, drawn in a square with axes and the names of the curves; its labels in the caption."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(pixels / 100, pixels / 100), dpi=100, facecolor="white")
    ax = figure.add_axes((0.15, 0.1, 0.82, 0.87))
    for k, (name, values) in enumerate(zip(view.names, as_array(view.series), strict=True)):
        ax.plot(view.x, values, color=COLOURS[k], linestyle=DASHES[k % len(DASHES)], linewidth=2, label=name)
    ax.axhline(0, color="#767676", linewidth=1)
    ax.tick_params(labelsize=12)
    ax.legend(fontsize=12, frameon=False)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Panel(np.asarray(canvas.buffer_rgba())[..., :3], title, view.x_label)


def draw_curves(view: CurvesView, x: Tensor, names: list[str], series: Tensor) -> None:
    """Show `series` `(k, n)` over `x` `(n,)`, and say where each curve begins and ends."""
    with view.hold_sync():
        view.x, view.names, view.series = x, names, series
        ends = "; ".join(f"{name} from {row[0]:.2f} to {row[-1]:.2f}" for name, row in zip(names, series, strict=True))
        view.alt = f"{view.title}: {ends}"
