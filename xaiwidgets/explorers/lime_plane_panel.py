"""A plane as one picture, for a reader without a kernel."""

import numpy as np

from xaiwidgets.colors import to_rgb
from xaiwidgets.views import Panel, PlaneView

PIXELS = 400


def plane_panel(view: PlaneView) -> Panel:
    """What `view` shows: colours, boundary, samples, lines and the point."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(PIXELS / 100, PIXELS / 100), dpi=100, facecolor="white")
    ax = figure.add_axes((0.13, 0.1, 0.85, 0.88))
    extent = (*view.x_limits, *view.y_limits)
    ax.imshow(to_rgb(view.field - view.level, view.limit), extent=extent, aspect="auto", interpolation="bilinear")
    rows, columns = view.field.shape
    x, y = _middles(columns, *view.x_limits), _middles(rows, *view.y_limits)[::-1]
    if view.field.min() < view.level < view.field.max():
        ax.contour(x, y, view.field, levels=[view.level], colors="black", linewidths=1.5)
    for shape, (marker, colour) in enumerate((("o", "white"), ("s", "black"))):
        chosen = view.shapes == shape
        ax.scatter(*view.points[chosen].T, s=(2 * view.sizes[chosen]) ** 2, marker=marker, color=colour,
                   edgecolors="black", linewidths=0.5, alpha=view.opacities[chosen])  # fmt: skip
    for k, (a, b, c) in enumerate(view.lines[: len(view.line_names)]):
        if a or b:
            along = np.array([-b, a]) / np.hypot(a, b)
            foot = np.array([a, b]) * c / (a * a + b * b)
            ends = foot + np.array([[-9], [9]]) * along * np.ptp(extent)
            ax.plot(*ends.T, color="black", linewidth=2.5 - k, linestyle=("-", ":")[k % 2])
    ax.plot(*view.point, "o", color="gold", markeredgecolor="black", markersize=9)
    ax.set_xlim(view.x_limits), ax.set_ylim(view.y_limits)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Panel(np.asarray(canvas.buffer_rgba())[..., :3], view.title, view.caption)


def _middles(count: int, low: float, high: float) -> np.ndarray:
    return low + (np.arange(count) + 0.5) / count * (high - low)
