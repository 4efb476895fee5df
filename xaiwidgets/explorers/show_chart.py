"""Charts in a notebook cell, for a reader with or without a kernel: curves on logarithmic axes, and bars."""

import base64
import html
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xaiwidgets.explorers.curve_panels import COLOURS, DASHES
from xaiwidgets.explorers.show import Figure

_INK, _FRAME = "#111111", "#767676"
_MARKS = "osDv^PX*"


def show_lines(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    x_label: str,
    y_label: str,
    caption: str,
    alt: str | None = None,
    log: bool = True,
) -> Figure:
    """Curves by name, each `(x, y)`, as the last line of a cell; a curve of one point is a mark.

    Args:
        lines: name -> values along both axes, of one length.
        x_label, y_label: of the axes, with the unit.
        caption: one sentence under the chart, also read to who cannot see it.
        alt: what else is read to who cannot see it; None: the values.
        log: both axes logarithmic; all values must be positive then.

    Raises:
        ValueError: naming the curve, what came and what was expected.
    """
    for name, (x, y) in lines.items():
        if len(x) != len(y) or not len(x):
            raise ValueError(f"lines must have as many x as y values, got {len(x)} and {len(y)} for {name!r}")
        if log and not (min(x) > 0 and min(y) > 0):
            raise ValueError(f"lines must be positive on logarithmic axes, got {min(*x, *y)} for {name!r}")
    figure, ax = _axes(3.4, left=0.11, bottom=0.15)
    for k, (name, (x, y)) in enumerate(lines.items()):
        style = {"color": COLOURS[k % len(COLOURS)], "marker": _MARKS[k % len(_MARKS)], "markersize": 6, "label": name}
        ax.plot(x, y, linestyle=DASHES[k % len(DASHES)] if len(x) > 1 else "none", linewidth=2, **style)
    if log:
        _logarithmic(ax, "x", "y")
    ax.set_xlabel(x_label, fontsize=10, color=_INK)
    ax.set_ylabel(y_label, fontsize=10, color=_INK)
    ax.grid(alpha=0.3)
    ax.legend(fontsize=9, frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
    ends = "; ".join(f"{name} from {y[0]:.2g} to {y[-1]:.2g}" for name, (_, y) in lines.items())
    return _figure(figure, caption, alt or f"{y_label} against {x_label}: {ends}.")


def show_bars(
    names: Sequence[str],
    bars: Mapping[str, Sequence[float]],
    *,
    label: str,
    caption: str,
    alt: str | None = None,
    log: bool = False,
) -> Figure:
    """Bars beside each name, one of each group, as the last line of a cell.

    Args:
        names: what the bars belong to, from the top.
        bars: name of the group -> a value for each of `names`.
        label: of the axis, with the unit.
        caption: one sentence under the chart, also read to who cannot see it.
        alt: what else is read to who cannot see it; None: the values.
        log: a logarithmic axis; all values must be positive then.

    Raises:
        ValueError: naming the group, what came and what was expected.
    """
    for group, values in bars.items():
        if len(values) != len(names):
            raise ValueError(f"bars must be one for each of the {len(names)} names, got {len(values)} for {group!r}")
        if log and not min(values) > 0:
            raise ValueError(f"bars must be positive on a logarithmic axis, got {min(values)} for {group!r}")
    height, left = 0.6 + 0.2 * len(names) * max(1, 0.7 * len(bars)), 0.03 + 0.0105 * max(map(len, names))
    figure, ax = _axes(height, left, bottom=0.0)
    thick = 0.8 / len(bars)
    for k, (group, values) in enumerate(bars.items()):
        places = np.arange(len(names)) + (k - (len(bars) - 1) / 2) * thick
        ax.barh(places, list(map(float, values)), height=0.9 * thick, color=COLOURS[k % len(COLOURS)], label=group)
    ax.set_yticks(np.arange(len(names)), names, parse_math=False)
    ax.invert_yaxis()
    if log:
        _logarithmic(ax, "x")
        ax.set_xlim(left=10 ** math.floor(math.log10(min(map(min, bars.values())))))
    else:
        ax.axvline(0, color=_FRAME, linewidth=1)
        ax.locator_params(axis="x", nbins=6)
    ax.set_xlabel(label, fontsize=10, color=_INK)
    ax.grid(axis="x", alpha=0.3)
    if len(bars) > 1:
        ax.legend(fontsize=9, frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
    said = "; ".join(
        f"{group}: " + ", ".join(f"{name} {value:.2g}" for name, value in zip(names, values, strict=True))
        for group, values in bars.items()
    )
    return _figure(figure, caption, alt or f"{label}. {said}.")


def _axes(height: float, left: float, bottom: float) -> tuple[Any, Any]:
    """A figure 7.4 inches wide with one pair of axes, room at the right for the names."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas  # never pyplot: its state is shared between threads

    figure = Canvas(figsize=(7.4, height), dpi=96, facecolor="white")
    FigureCanvasAgg(figure)
    below = bottom or 0.48 / height
    ax = figure.add_axes((left, below, 0.7 - left, 0.97 - below))
    ax.tick_params(labelsize=9, colors=_INK)
    return figure, ax


def _logarithmic(ax: Any, *axes: str) -> None:
    """Powers of ten as plain numbers."""
    for name in axes:
        getattr(ax, f"set_{name}scale")("log")
        getattr(ax, f"{name}axis").set_major_formatter(lambda value, _place: f"{value:,g}")


def _figure(figure: Any, caption: str, alt: str) -> Figure:
    from PIL import Image

    figure.canvas.draw()  # not savefig, which obeys the reader's own settings
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(figure.canvas.buffer_rgba())[..., :3]).save(buffer, "png", optimize=True)
    data, said = base64.b64encode(buffer.getvalue()).decode(), html.escape(f"{caption} {alt}")
    page = (
        f'<figure style="margin:0"><img alt="{said}" src="data:image/png;base64,{data}" '
        f'style="max-width:100%"><figcaption>{html.escape(caption)}</figcaption></figure>'
    )
    return Figure(page, caption)
