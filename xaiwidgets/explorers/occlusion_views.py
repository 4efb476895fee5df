"""The views of `OcclusionExplorer`, which its modes share."""

import numpy as np
import torch
from ipywidgets import Box, Widget

from xaiwidgets.colors import picture
from xaiwidgets.explorers.curve_panels import draw_curves
from xaiwidgets.explorers.explorer import column, row
from xaiwidgets.explorers.maps import NOTHING, Display, MapRow
from xaiwidgets.explorers.occlusion_subject import Place, Result, Subject, change
from xaiwidgets.explorers.pictures import UNKNOWN
from xaiwidgets.methods.fills import fill_picture
from xaiwidgets.views import BarsView, CurvesView, ImageView

WIDTH = 468  # CSS pixels of two pictures with their bars


class OcclusionViews:
    """The picture, its copies under an occluder, maps, curves and bars.

    Attributes:
        input: the whole picture; dragging on it moves the occluder.
        cards: what the model sees under the occluder, for two fills.
        wiped, behind: what the model sees after wiping, and behind a learned mask.
        bars: the class scores under the first fill, and under the second.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.input = ImageView(title="Input")
        self.cards = [ImageView(tool="occlude") for _ in range(2)]
        self.maps = MapRow(self.input, 2)  # of one group
        for card in self.cards:
            card.group = self.input.group  # follows the pointer in the page, without waiting for the kernel
        self.wiped, self.behind = ImageView(tool="brush"), ImageView()
        self.curves = CurvesView(width=WIDTH, height=150, y_limits=(0, 1))
        names = list(subject.class_names)
        self.bars = [BarsView(names=names, mark_label="whole picture") for _ in range(2)]
        self.under = [
            column(card, bars, width=f"{WIDTH // 2 - 6}px") for card, bars in zip(self.cards, self.bars, strict=True)
        ]
        self._row = row()
        self._filled: dict[ImageView, tuple[int, str]] = {}

    def show_bars(self, result: Result, which: int = 0) -> None:
        """The scores of a changed picture, with ticks where those of the whole picture are; the bars move first."""
        view = self.bars[which]
        view.values = result.scores[which] if len(result.scores) else result.start
        if not np.array_equal(view.marks, result.start):
            view.marks = result.start
        with view.hold_sync():
            view.label = f"{self.subject.units[result.unit].capitalize()}: choose a class"
            percent = result.unit == "probability"
            view.notation, view.digits = ("percent", 0) if percent else ("number", 2)
            every = torch.cat([result.start[None], result.scores])
            low, high = min(0.0, float(every.min())), max(0.0, float(every.max()))
            view.limits = (0, 1) if percent or low == high else (low, high)
            view.selected = result.request.target

    def show_input(self, result: Result, tool: str, outline: bool) -> None:
        """The whole picture and what the model says of it."""
        view = self.input
        with view.hold_sync():
            _adopt(view, picture(result.x))
            self._place_window(view, result)
            view.tool = tool
            view.outline = result.mask if outline and result.mask is not None else NOTHING
            view.caption = self.verdict(result)
            view.alt = f"Input: {view.caption}"

    def show_card(self, result: Result, which: int, fill: str) -> None:
        """The picture under the occluder with this fill."""
        view = self.cards[which]
        with view.hold_sync():
            self._place_window(view, result)
            _adopt(view, picture(result.x))
            self._fill(view, result, fill, which)
            view.title, view.caption = fill.capitalize(), change(self.subject, result, which)
            view.alt = f"Picture under an occluder, {fill}: {view.caption}"

    def show_wiped(self, result: Result, title: str) -> None:
        """What is left, on which the brush hides more."""
        with self.wiped.hold_sync():
            self._fill(self.wiped, result, result.request.values["fill"], 0)
            self.wiped.radius = result.request.values["radius"]
            self._show_changed(self.wiped, result, title)

    def show_behind(self, result: Result, title: str) -> None:
        """What the model sees behind a mask."""
        with self.behind.hold_sync():
            self._show_changed(self.behind, result, title)

    def _show_changed(self, view: ImageView, result: Result, title: str) -> None:
        _adopt(view, picture(result.pictures[0]))
        view.title, view.caption = title, change(self.subject, result)
        view.alt = f"{title}: {view.caption}"

    def show_curves(self, result: Result) -> None:
        """The curves of a result that has some."""
        trace, view = result.trace, self.curves
        with view.hold_sync():
            view.title, view.x_label = trace.title, trace.x_label
            draw_curves(view, trace.x, list(trace.curves), torch.stack(list(trace.curves.values())))
            view.marker, view.movable = trace.marker, trace.marker is not None

    def show_maps(self, result: Result, display: Display) -> None:
        """The maps of a result over its picture, on one scale."""
        self.maps.show(result.maps, picture(result.x), result.mask, display)

    def verdict(self, result: Result) -> str:
        """What the model sees in the whole picture."""
        seen = f"seen as {self.subject.class_names[int(result.start.argmax())]}"
        return seen if result.mask is None else f"{seen}\nobject: {float(result.mask.float().mean()):.0%} of the area"

    def mark_true(self, label: int) -> None:
        """Say in the bars which class is true; `UNKNOWN`: nobody told."""
        for view in self.bars:
            view.highlight = None if label == UNKNOWN else label

    def in_a_row(self, *widgets: Widget) -> Box:
        """These pictures beside each other."""
        if self._row.children != widgets:
            self._row.children = widgets
        return self._row

    def hidden(self) -> list[Widget]:
        """Every widget that may not be on the page just now."""
        views = [*self.cards, *self.maps.views, self.wiped, self.behind, self.curves, *self.bars]
        boxes = [*self.under, self._row, self.maps.widget]
        return [*(each.layout for each in (*views, *boxes)), *views, *boxes]

    def lay_occluder(self, middle: Place | None) -> None:
        """Lay the occluder there, whatever the page knows."""
        for view in (self.input, *self.cards):
            view.middle = middle
            view.send_state("middle")

    def _place_window(self, view: ImageView, result: Result) -> None:
        values = result.request.values
        view.window, view.window_shape = values.get("window", view.window), values.get("shape", view.window_shape)

    def _fill(self, view: ImageView, result: Result, fill: str, which: int) -> None:
        """Give the page what it needs to hide by itself; "inpaint" it cannot, so it gets what was found."""
        key = (result.request.image, fill)
        if fill == "inpaint":
            _adopt(view, picture(result.pictures[which]), "fill")
        elif self._filled.get(view) != key:
            view.fill = picture(fill_picture(fill, result.x[None])[0])
        self._filled[view] = key


def _adopt(view: ImageView, pixels: np.ndarray, name: str = "image") -> None:
    """Send pixels only if they are others: an array is sent at each assignment."""
    if not np.array_equal(getattr(view, name), pixels):
        view.set_trait(name, pixels)
