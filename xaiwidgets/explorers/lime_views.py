"""The views of `LimeExplorer`."""

import numpy as np
from ipywidgets import Box, Widget
from torch import Tensor

from xaiwidgets.colors import picture
from xaiwidgets.explorers.explorer import column, row
from xaiwidgets.explorers.lime_result import Fits, Result, Subject
from xaiwidgets.explorers.lime_segments import best_first
from xaiwidgets.explorers.maps import NOTHING, Display, Map, MapRow, share_inside
from xaiwidgets.explorers.units import written
from xaiwidgets.views import BarsView, ControlsView, ImageView, Panel

ROWS = 10  # segments in the list of weights
ACTIONS = [
    {"name": "switch", "label": "Switch the framed one", "kind": "button"},
    {"name": "positive", "label": "Keep those that help", "kind": "button"},
    {"name": "all", "label": "All on again", "kind": "button"},
]
ALL = np.zeros((0, 0), np.int32)  # no borders
SIDES = ("network", "linear model")


class LimeViews:
    """The picture with its segments, maps, and bars.

    Attributes:
        input: the picture as the network sees it; a click switches a segment.
        scores: of the classes, for this picture.
        compared: the network's score of it beside what the linear model predicts.
        weights: of the linear model, the largest first.
        order: the segments of the rows of `weights`.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.input = ImageView(title="Click segments off and on")
        self.actions = ControlsView(ACTIONS, label="Segments")
        self.maps = MapRow(self.input, 2)
        self.noisy = ImageView()
        self.scores = BarsView(names=list(subject.class_names), mark_label="whole picture")
        self.compared = BarsView(names=list(SIDES), digits=3)
        self.weights = BarsView(digits=3, error_label="± standard deviation over the seeds", palette="relevance")
        self.order: list[int] = []
        self.chosen: int | None = None
        self._pictures = row()
        self._right = column(self.scores, width="244px")

    def show_input(self, result: Result, by_segments: bool) -> None:
        """The picture as it is seen now, with what the network and the linear model say of it."""
        view, pixels = self.input, picture(result.seen if by_segments else result.x)
        with view.hold_sync():
            if not np.array_equal(view.image, pixels):
                view.image = pixels
            borders = result.labels.int() if by_segments else ALL
            if not np.array_equal(view.regions, borders):
                view.regions = borders
            view.tool = "pick" if by_segments else "look"
            off = NOTHING if not by_segments else np.isin(result.labels, list(result.request.off))
            if not np.array_equal(view.outline, off):
                view.outline = off
            view.title = "Click segments off and on" if by_segments else "Input"
            seen = result.scores if by_segments else result.start
            verdict = f"seen as {self.subject.class_names[int(seen.argmax())]}"
            view.caption = f"{verdict}\n{self._hidden(result)}" if by_segments else verdict
            view.alt = f"Picture: {view.caption}"

    def show_compared(self, result: Result) -> None:
        """The score of the picture as it is now, beside what the linear model predicts; first, for it is waited for."""
        view, target = self.compared, result.request.target
        score = float(result.scores[target])
        predicted = float("nan") if result.predicted is None else result.predicted
        with view.hold_sync():
            view.values = [score, predicted]
            view.label = (
                f"{self.subject.class_names[target]} in the picture as it is now ({self.subject.units[result.unit]})"
            )
            known = [0.0, float(result.start[target]), score, *([predicted] if result.fits else [])]
            low, high = min(known), max(known)
            percent = result.unit == "probability"
            view.limits = (min(0.0, low), max(1.0, high)) if percent else (low, high if high > low else low + 1)

    def show_scores(self, result: Result) -> None:
        """The scores of all classes, with ticks where those of the whole picture are."""
        view = self.scores
        with view.hold_sync():
            view.values, view.marks = result.scores, result.start
            view.label = f"Class scores ({self.subject.units[result.unit]}): choose a class"
            percent = result.unit == "probability"
            view.notation, view.digits = ("percent", 1) if percent else ("number", 2)
            view.limits = (0, 1) if percent else None
            view.selected = result.request.target

    def show_weights(self, result: Result) -> None:
        """The largest weights with their spread over the seeds."""
        view, fits = self.weights, result.fits
        self.order = best_first(fits.first.weights)[:ROWS] if fits else []
        count = int((fits.first.weights != 0).sum()) if fits else 0
        off = result.request.off
        with view.hold_sync():
            view.names = [f"segment {segment}{' (off)' if segment in off else ''}" for segment in self.order]
            view.values = fits.first.weights[self.order] if fits else []
            spread = fits.spread if fits else None
            view.errors = [] if spread is None else spread[self.order]
            more = f", the largest {ROWS} of {count}" if count > ROWS else ""
            seeds = f" ({len(fits.surrogates)} of {fits.wanted} seeds)" if fits and not fits.finished else ""
            view.label = f"Weights{more}{seeds}: choose a segment" if fits else "Weights: asking the network …"
            view.selected = self.order.index(self.chosen) if self.chosen in self.order else None

    def show_map(self, result: Result, display: Display) -> None:
        """The weights over the picture, with the borders of the segments and a frame around the chosen one."""
        self.maps.show([_weight_map(result)], picture(result.x), _chosen(result, self.chosen), display)
        self.maps.views[0].regions = result.labels.int()

    def show_pixels(self, result: Result, display: Display) -> None:
        """Pixel LIME beside the gradient, and one picture under the noise."""
        self.maps.show(result.maps, picture(result.x), None, display)
        for view in self.maps.views:
            view.regions = ALL
        with self.noisy.hold_sync():
            self.noisy.image = picture(result.seen)
            target = result.request.target
            change = " → ".join(written(each[target], result.unit) for each in (result.start, result.scores))
            self.noisy.title = "One sample of the noise"
            self.noisy.caption = f"{self.subject.class_names[target]} {change}"
            self.noisy.alt = f"Picture with noise: {self.noisy.caption}"

    def arranged(self, by_segments: bool) -> tuple[Widget, ...]:
        """What belongs on the page."""
        if by_segments:
            return (self._beside(self.maps.widget, self._right), self.compared, self.weights)
        return (self.maps.widget, self._beside(self.noisy, self._right))

    def _beside(self, *widgets: Widget) -> Box:
        if self._pictures.children != widgets:
            self._pictures.children = widgets
        return self._pictures

    def panels(self, result: Result) -> list[Panel]:
        """The picture and the maps, for a reader without a kernel."""
        return [Panel(self.input.image, "Input", self.input.caption), *self.maps.panels()]

    def _hidden(self, result: Result) -> str:
        count = int(result.labels.max()) + 1
        off = len([label for label in result.request.off if label < count])
        return f"{off} of {count} segments off"

    def hidden(self) -> list[Widget]:
        """Every widget that may not be on the page just now."""
        views = [self.actions, *self.maps.views, self.noisy, self.scores, self.compared, self.weights]
        boxes = [self._right, self._pictures, self.maps.widget]
        return [*(each.layout for each in (*views, *boxes)), *views, *boxes]


def fit_text(fits: Fits) -> list[str]:
    """How well the first surrogate fits, and how far its weights can be trusted."""
    lines = [f"fidelity R² {fits.first.r2:.2f}", f"intercept {fits.first.intercept:.3f}"]
    if fits.spread is not None:
        size = float(fits.first.weights.abs().mean())
        lines.append(f"mean |w| {size:.3f}, spread {float(fits.spread.mean()):.3f}")
    return lines


def _weight_map(result: Result) -> Map:
    if result.fits is None:
        return Map("LIME weights", None, notice="asking the network …")
    values = result.fits.first.weights[result.labels].float()
    lines = fit_text(result.fits)
    if (inside := share_inside(values, result.mask)) is not None:
        lines.append(f"{inside:.0%} of the positive inside")
    return Map("LIME weights", values, "\n".join(lines))


def _chosen(result: Result, segment: int | None) -> Tensor | None:
    return None if segment is None else result.labels == segment
