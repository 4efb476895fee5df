"""The picture a widget leaves behind: seen in a saved notebook and on a web page, read by a screen reader."""

import base64
import html
import io
import textwrap
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

_LARGEST, _EACH = 60_000, 12_000  # bytes of the png, and of each of its many panels: notebooks are kept small
_DPI = (110, 90, 72, 56, 44)
_SIDE, _GAP, _LINE = 1.8, 0.14, 0.17  # inches: a picture, the space around it, a line of text
_TITLE, _CAPTION = 25, 33  # letters that fit under a picture


class Panel(NamedTuple):
    """One picture of a static figure: `(H, W, 3)` uint8, a name, and a number or a remark under it."""

    rgb: np.ndarray
    title: str = ""
    caption: str = ""


def static_figure(
    panels: Sequence[Panel | tuple], caption: str, *, alt: str | None = None, columns: int | None = None
) -> str:
    """Html `<figure>` of panels `(rgb, title, caption)` in a row or grid, as one png inside the text.

    Args:
        panels: at least one; drawn in equal squares, each pixel a sharp rectangle.
        caption: shown under the picture; put the numbers here.
        alt: what a reader who cannot see it is told; None: the caption and the panels' names and numbers.
        columns: of the grid; None: one row up to five panels.

    The same panels give the same bytes. Raises `ValueError` without a panel.
    """
    panels = [Panel(*panel) for panel in panels]
    if not panels:
        raise ValueError("panels must hold at least one picture")
    png = _smallest([_folded(panel) for panel in panels], columns or min(len(panels), 5))
    alt = alt or "; ".join([caption, *(" ".join(filter(None, panel[1:])) for panel in panels)])
    data = base64.b64encode(png).decode()
    return (
        f'<figure style="margin:0"><img alt="{html.escape(alt)}" src="data:image/png;base64,{data}" '
        f'style="max-width:100%"><figcaption>{html.escape(caption)}</figcaption></figure>'
    )


def _folded(panel: Panel) -> Panel:
    """The panel with lines that are not longer than its picture is wide."""

    def fold(text: str, most: int) -> str:
        return "\n".join(part for line in text.split("\n") for part in textwrap.wrap(line, most) or [""])

    return panel._replace(title=fold(panel.title, _TITLE), caption=fold(panel.caption, _CAPTION))


def _smallest(panels: list[Panel], columns: int) -> bytes:
    for dpi in _DPI:
        png = _png(panels, columns, dpi)
        if len(png) <= max(_LARGEST, _EACH * len(panels)):
            break
    return png


def _png(panels: list[Panel], columns: int, dpi: int) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure  # never pyplot: its state is shared between threads
    from PIL import Image

    rows = -(-len(panels) // columns)
    height = _SIDE + _GAP + _LINE * max(_lines(panel) for panel in panels)
    width = _SIDE + _GAP
    figure = Figure(figsize=(width * columns, height * rows), dpi=dpi, facecolor="white")
    for index, panel in enumerate(panels):
        row, column = divmod(index, columns)
        left, top = (column + 0.5) / columns, 1 - (row * height + 0.5 * _GAP) / (rows * height)
        side = _SIDE / (width * columns), _SIDE / (height * rows)
        ax = figure.add_axes((left - side[0] / 2, top - side[1], *side))
        ax.set_axis_off()
        ax.imshow(panel.rgb, interpolation="nearest", origin="upper", aspect="equal")
        _write(figure, panel, left, top - side[1] - 0.05 / (height * rows), _LINE / (height * rows))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # not savefig, which obeys the reader's own settings
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3]).save(buffer, "png", optimize=True)
    return buffer.getvalue()


def _write(figure: Any, panel: Panel, left: float, top: float, line: float) -> None:
    # The font is named and formulas are off, so that a reader's own matplotlib settings change nothing.
    style = {"ha": "center", "va": "top", "family": "DejaVu Sans", "usetex": False, "parse_math": False}
    figure.text(left, top, panel.title, weight="bold", size=9, color="#111111", **style)
    below = top - line * (panel.title.count("\n") + 1) * bool(panel.title)
    figure.text(left, below, panel.caption, weight="normal", size=8, color="#333333", **style)


def _lines(panel: Panel) -> int:
    return sum(text.count("\n") + 1 for text in (panel.title, panel.caption) if text)
