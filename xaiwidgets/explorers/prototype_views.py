"""The views of `PrototypeExplorer`."""

import math

import numpy as np
import torch
from ipywidgets import Widget
from torch import Tensor

from xaiwidgets.colors import picture
from xaiwidgets.explorers.curve_panels import curve_panel, draw_curves
from xaiwidgets.explorers.explorer import heading, row
from xaiwidgets.explorers.pictures import logits_of, on_device
from xaiwidgets.explorers.prototype_runs import CHOSEN, Moment, Run, Square, Trail, at_step, best_pictures, curve
from xaiwidgets.explorers.prototype_subject import Subject, as_probabilities
from xaiwidgets.views import BarsView, CurvesView, ImageView, Panel

MOST = 6  # squares
GAP = 6  # CSS pixels between them
WIDTH = 3 * 192 + 2 * GAP  # of three of them
CURVES = {"probability": "probability", "density": "natural", "objective": "objective"}
WORDS = {"natural": "log-density (nats)"}


class PrototypeViews:
    """The real picture, the prototypes in squares, their curves, and what the net says of one of them.

    Attributes:
        input: the best real picture, the chosen one, or the filters of the first layer.
        squares: the prototypes.
        curves: over the steps; the line scrubs through them.
        scores: of the classes, for one prototype; a class can be chosen.
    """

    def __init__(self) -> None:
        self.input = ImageView(title="Best real picture")
        self.squares = [ImageView(group=self.input.model_id) for _ in range(MOST)]
        self.heading = heading("What does the net want to see? Prototypes: pictures made by climbing its score.")
        self.grid = row()
        self.grid.layout.grid_gap = f"{GAP}px"
        self.curves = CurvesView(width=WIDTH, height=150)
        self.newest = 0.0  # step so far
        self.scores = BarsView(notation="percent", digits=0, limits=(0, 1))

    def show_squares(self, subject: Subject, squares: list[Square], trails: list[Trail], step: float | None) -> None:
        """The prototypes as they are at a step; None: the newest."""
        for view, square, trail in zip(self.squares, squares, trails, strict=False):
            moment = at_step(trail, step)
            with view.hold_sync():
                adopt(view, picture(moment.picture))
                view.title = square.title
                view.caption = told(subject, square.run, moment)
                view.alt = f"Prototype, {square.title}, after {moment.step} steps: {view.caption}"
        if len(self.grid.children) != len(squares):
            self.grid.children = tuple(self.squares[: len(squares)])

    def show_curves(
        self, subject: Subject, squares: list[Square], trails: list[Trail], kind: str, step: float | None
    ) -> None:
        """A number of every prototype over the steps, and the line at `step`."""
        steps = torch.tensor(sorted({moment.step for trail in trails for moment in trail}))
        names = [square.title.partition(",")[0] for square in squares]
        unit = squares[0].run.layer is not None
        name = "score" if kind == "probability" and unit else CURVES[kind]
        series = torch.stack([curve(trail, name, steps) for trail in trails])
        limits = (0.0, 1.0) if name == "probability" else without_start(steps, series)
        bands = torch.zeros(0, 0)
        if kind == "density" and subject.naturalness is not None:
            low, high = subject.naturalness.range
            names = [*names, "90 % of real pictures"]
            series = torch.cat([series, torch.full((1, len(steps)), (low + high) / 2)])
            bands = torch.full_like(series, torch.nan)
            bands[-1] = (high - low) / 2
            limits = limits and (min(limits[0], low), max(limits[1], high))
        view = self.curves
        with view.hold_sync():
            view.title = f"{WORDS.get(name, name).capitalize()} while they grow: drag the line to go back"
            view.x_label = "steps"
            view.y_limits = limits
            draw_curves(view, steps, names, series)
            view.bands = bands
            self.newest = float(steps[-1])
            view.marker = self.newest if step is None else float(step)

    def show_scores(self, subject: Subject, square: Square, moment: Moment) -> None:
        """What the net says of one prototype."""
        view = self.scores
        values = as_probabilities(logits_of(subject.model, moment.picture[None]))[0]
        with view.hold_sync():
            if view.names != list(subject.class_names):
                view.names = list(subject.class_names)
            view.values = values
            view.label = f"Seen in “{square.title}”: choose a class"

    def show_input(self, subject: Subject, square: Square) -> None:
        """The real picture that goes with a prototype, or the first layer's filters as they are."""
        run, view = square.run, self.input
        filters = None if run.layer is None else subject.filters(run.layer)
        with view.hold_sync():
            if filters is not None:
                pixels, view.outline = mosaic(filters, run.unit.channel)
                adopt(view, pixels)
                count, _, height, width = filters.shape
                view.title = f"The {count} filters as they are"
                view.caption = f"{height} x {width} pixels each; framed: channel {run.unit.channel}"
            else:
                chosen = run.start == CHOSEN
                index = run.image if chosen else best_pictures(subject, run.unit)[0]
                view.outline = np.zeros((0, 0), np.uint8)
                adopt(view, picture(subject.data.images[index]))
                view.title = "Chosen picture" if chosen else "Best real picture"
                view.caption = _real(subject, run, index)
            view.alt = f"{view.title}: {view.caption}"

    def panels(self, count: int) -> list[Panel]:
        """What a saved notebook shows: the real picture, so many prototypes, and their curves."""
        views = [self.input, *self.squares[:count]]
        pictures = [Panel(view.image, view.title, view.caption) for view in views]
        return [*pictures, curve_panel(self.curves, self.curves.title)]

    def hidden(self) -> list[Widget]:
        """Squares that may not be on the page."""
        return [*(view.layout for view in self.squares), *self.squares]


def without_start(steps: Tensor, series: Tensor) -> tuple[float, float] | None:
    """Limits of the curves `(k, n)` after a tenth of the steps: where all begin, far below, would hide the rest."""
    late = series[:, steps >= 0.1 * steps[-1]]
    late = late[late.isfinite()]
    if not len(late):
        return None
    low, high = float(late.min()), float(late.max())
    return (low - 0.05 * (high - low), high + 0.05 * (high - low)) if low < high else None


def told(subject: Subject, run: Run, moment: Moment) -> str:
    """How certain the net is, and how natural the picture."""
    if moment.probability is None:
        best = float(subject.reactions(run.unit).max())
        sure = f"activation {brief(moment.score)} (real: {brief(best)})"
    else:
        sure = f"p({subject.class_names[run.unit.channel]}) {certain(moment.probability)}"
    return "\n".join([sure, *natural_words(subject, moment.natural)])


def natural_words(subject: Subject, nats: float | None) -> list[str]:
    """How natural a picture is, beside real ones; nothing where nobody knows."""
    if nats is None:
        return []
    share = subject.naturalness.share(nats)
    tens = {0: "below nearly all real pictures", 10: "above nearly all real pictures"}
    some = tens.get(round(10 * share), f"above {10 * round(10 * share)} % of real pictures")
    # Densities are largest at the average of pictures, which has less detail than any of them.
    ends = {0.0: "below every real picture", 1.0: "above all real: smooth"}
    return [f"log-density {brief(nats, '+')} nats", ends.get(share, some)]


def brief(value: float, sign: str = "") -> str:
    """Two figures: more of them differ from machine to machine, and tell nobody anything."""
    return f"{float(f'{value:.2g}'):{sign},g}"


def certain(probability: float) -> str:
    """In per cent, as few figures as there are to tell."""
    ends = {0: "< 1 %", 100: "> 99 %"}
    return ends.get(round(100 * probability), f"= {100 * probability:.0f} %")


def _real(subject: Subject, run: Run, index: int) -> str:
    image = subject.data.images[index]
    reaction = float(subject.reactions(run.unit)[index])
    if run.layer is None:
        sure = f"p({subject.class_names[run.unit.channel]}) {certain(math.exp(reaction))}"
    else:
        sure = f"activation {brief(reaction)}"
    nats = None
    if "naturalness" in vars(subject) and subject.judge is not None:  # the judge was asked before: it is quick
        nats = float(subject.naturalness.of(on_device(subject.model, image[None]))[0])
    return "\n".join([sure, *natural_words(subject, nats)])


def mosaic(filters: Tensor, chosen: int) -> tuple[np.ndarray, np.ndarray]:
    """Filters `(C, c, k, k)` beside each other in a square, grey where a weight is 0, and a mask around one."""
    count, _, height, width = filters.shape
    limit = float(filters.abs().max()) or 1.0
    tiles = picture(0.5 + 0.5 * filters / limit)
    columns = int(np.ceil(np.sqrt(count)))
    shape = (columns * (height + 1) + 1, columns * (width + 1) + 1)
    pixels, mask = np.full((*shape, 3), 255, np.uint8), np.zeros(shape, np.uint8)
    for place, tile in enumerate(tiles):
        top, left = 1 + place // columns * (height + 1), 1 + place % columns * (width + 1)
        pixels[top : top + height, left : left + width] = tile
        if place == chosen:
            mask[top : top + height, left : left + width] = 1
    return pixels, mask


def adopt(view: ImageView, pixels: np.ndarray) -> None:
    """Send pixels only if they are others: an array is sent at each assignment."""
    if not np.array_equal(view.image, pixels):
        view.image = pixels
