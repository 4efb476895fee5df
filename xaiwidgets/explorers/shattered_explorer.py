"""A walk through input space: the picture moves smoothly, and the gradient shatters with depth."""

from collections.abc import Mapping
from typing import Any

import torch
from ipywidgets import Widget, jslink
from torch import Tensor, nn

from xaiwidgets.borrow import borrow
from xaiwidgets.colors import overlay, picture, symmetric_limit
from xaiwidgets.datasets import Dataset
from xaiwidgets.explorers.curve_panels import curve_panel, draw_curves
from xaiwidgets.explorers.explorer import Explorer, column, heading, row
from xaiwidgets.explorers.maps import notice_of
from xaiwidgets.explorers.pictures import UNKNOWN, on_device
from xaiwidgets.explorers.walks import LIKENESS, Request, Trip, common_classes, ends_to_choose, travel, walk_controls
from xaiwidgets.methods.inputs import class_scores
from xaiwidgets.models import load_model
from xaiwidgets.progress import track
from xaiwidgets.views import ControlsView, CurvesView, GalleryView, ImageView, Panel

DEPTHS = {f"depth {depth}": f"digits-depth-{depth}" for depth in (1, 3, 7, 15)}
GALLERY = 60  # pictures to choose from
CONTRAST = 3.0  # a third of the largest gradient on the walk has the strongest colour


class ShatteredExplorer(Explorer):
    """Walk from one picture to another and watch score, gradient and its autocorrelation for nets of different depth.

    Without arguments it opens on the course's nets with 1, 3, 7 and 15 hidden layers and real digits. With your own:

        ShatteredExplorer({"mine": model}, start, end)

    Args:
        models: name -> classifier, `(N, C, H, W)` -> logits `(N, K)`; left as they were found. The shallow ones first.
        start, end: two pictures, `(C, H, W)` in [0, 1]: the ends of the walk.
        images: pictures to choose the ends from instead, a `Dataset` or `(N, C, H, W)`.
        class_names: one name a class.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """

    columns = 3

    def __init__(
        self,
        models: Mapping[str, nn.Module] | None = None,
        start: Tensor | None = None,
        end: Tensor | None = None,
        *,
        images: Dataset | Tensor | None = None,
        class_names: list[str] | None = None,
    ) -> None:
        if models is None:
            models = {title: load_model(name) for title, name in DEPTHS.items()}
        if not isinstance(models, Mapping) or not models:
            raise TypeError(f"models must map names to models, as {{'mine': model}}, got {type(models).__name__}")
        self.models = dict(models)
        self.data = ends_to_choose(start, end, images, class_names)
        self.class_names = common_classes(self.models, self.data)
        super().__init__(next(iter(self.models.values())))

    def build(self) -> Widget:
        """The picture on the way and its two ends on the left, maps and curves beside it, controls on the right."""
        pictures = picture(self.data.images[:GALLERY])
        self.input = ImageView(title="On the way")
        self.start = GalleryView(images=pictures, label="From", size=30, height=176, columns=5)
        self.end = GalleryView(images=pictures, label="To", size=30, height=176, columns=5, selected=len(pictures) - 1)
        self.maps, self.maps_row = [ImageView(), ImageView()], row()
        on_the_way = {"width": 424, "height": 160, "x_label": "share of the way", "marker": 0.5}
        self.scores = CurvesView(title="Score of the class (logit)", **on_the_way)
        self.slopes = CurvesView(title="Gradient along the walk / its root mean square", **on_the_way)
        self.likeness = CurvesView(x_label="distance, share of the way", marker=0.1, width=330, height=190)
        for view in (self.input, *self.maps):
            view.group = self.input.model_id
        self.link = jslink((self.scores, "marker"), (self.slopes, "marker"))
        self.controls = ControlsView(walk_controls(list(self.models), self.class_names), label="Walk")
        self._choose_class()
        self.start.observe(self._other_start, names=["selected"])
        self.end.observe(self.update, names=["selected"])
        self.controls.observe(self._other_controls, names=["values"])
        self.scores.observe(lambda change: self.show_again(self._show_place), names=["marker"])
        left = column(self.input, heading("From"), self.start, heading("To"), self.end, width="212px")
        middle = column(self.maps_row, self.scores, self.slopes, width="424px")
        return row(left, middle, column(self.controls, self.likeness, width="330px"))

    def _other_start(self, _change: Any) -> None:
        self._choose_class()
        self.update()

    def _other_controls(self, change: Any) -> None:
        if {**change.old, "compare": None} == {**change.new, "compare": None}:
            self.show_again(self._show_likeness)  # what is compared is already there
        else:
            self.update()

    def _choose_class(self) -> None:
        """The true class of the picture at the start, or what the first net sees in it where nobody told."""
        chosen = self.start.selected or 0
        label = int(self.data.labels[chosen])
        if label == UNKNOWN:
            model = next(iter(self.models.values()))
            with torch.no_grad():
                label = int(class_scores(borrow(model), on_device(model, self.data.images[[chosen]])).argmax())
        self.controls.values = {"target": label}

    def request(self) -> Request:
        """What the user has set."""
        values = self.controls.values
        return Request(
            start=self.start.selected or 0,
            end=self.end.selected or 0,
            target=values["target"],
            nets=tuple(values["nets"]),
            steps=values["steps"],
            noise=values["noise"],
        )

    def compute(self, request: Request) -> dict[str, Trip]:
        """Walk with every chosen net."""
        if not request.nets:
            raise ValueError("choose at least one net")
        nets = track(request.nets, "Walking")
        return {name: travel(self.models[name], self.data.images, request) for name in nets}

    def publish(self, result: dict[str, Trip]) -> None:
        """Write curves, picture and maps to the views."""
        names, way = list(result), torch.linspace(0, 1, len(next(iter(result.values())).scores))
        for view, what in ((self.scores, "scores"), (self.slopes, "slopes")):
            draw_curves(view, way, names, torch.stack([getattr(trip, what) for trip in result.values()]))
        for view, (_, trip) in zip(self.maps, _shallow_and_deep(result), strict=False):
            view.limit = symmetric_limit(trip.maps) / CONTRAST
        self.maps_row.children = tuple(self.maps[: len(result)])
        self._show_likeness(result)
        self._show_place(result)

    def _show_likeness(self, result: dict[str, Trip]) -> None:
        """How alike gradients are at each distance, up to half of the way: farther apart there are few pairs."""
        what = self.controls.values["compare"]
        series = torch.stack([trip.likeness[what] for trip in result.values()])
        half = series.shape[1] // 2 + 1
        self.likeness.title = LIKENESS[what]
        draw_curves(self.likeness, torch.linspace(0, 1, series.shape[1])[:half], list(result), series[:, :half])

    def _show_place(self, result: dict[str, Trip]) -> None:
        """The picture at the marker, and the gradient maps of the first and the last net beside it."""
        points = next(iter(result.values())).points
        way = torch.linspace(0, 1, len(points))
        place = int((way - self.scores.marker).abs().argmin())
        moved = float((points[1] - points[0]).norm() / points[place].norm())
        noise = next(iter(result.values())).request.noise
        where, method = f"at {way[place]:.2f} of the way", "SmoothGrad" if noise else "Gradient"
        with self.input.hold_sync():
            self.input.image = picture(points[place])
            self.input.caption = f"{where}\na step changes it by {moved:.1%}"
            self.input.alt = f"Picture {self.input.caption}"
        for view, (name, trip) in zip(self.maps, _shallow_and_deep(result), strict=False):
            most = int(trip.changes.argmax())
            with view.hold_sync():
                view.image, view.heatmap, view.title = self.input.image, trip.maps[place], f"{method}, {name}"
                view.caption = (
                    f"this step changed it by {float(trip.changes[place]):.0%}\n"
                    f"most: {float(trip.changes[most]):.0%}, at {way[most]:.2f}"
                )
                view.notice = notice_of(trip.maps[place])
                view.alt = f"{view.title}, {where}: {view.caption}"

    def panels(self) -> list[Panel]:
        """The picture on the way with its maps, and the three curves."""
        names = list(self.result)
        pictures = [Panel(self.input.image, self.input.title, self.input.caption)]
        for view in self.maps[: len(names)]:
            pictures.append(Panel(overlay(view.image, view.heatmap, view.limit), view.title, view.caption))
        shown = ((self.scores, "Score"), (self.slopes, "Gradient along the walk"), (self.likeness, "Likeness"))
        return [*pictures, *(curve_panel(view, title) for view, title in shown)]

    def summary(self) -> str:
        """What is shown, with its numbers."""
        walked, names = next(iter(self.result.values())).request, list(self.result)
        told = "; ".join(f"{name}: {trip.describe()}" for name, trip in self.result.items())
        return (
            f"Shattered gradients: a walk of {walked.steps} steps from picture {walked.start} to picture "
            f"{walked.end}, score of class {self.class_names[walked.target]}, for {', '.join(names)}. {told}."
        )

    def hidden(self) -> list[Widget]:
        """The map that is not shown, and the link of the markers."""
        return [self.link, *(view.layout for view in self.maps), *self.maps]


def _shallow_and_deep(result: dict[str, Trip]) -> list[tuple[str, Trip]]:
    """The first and the last of the nets, or the only one."""
    trips = list(result.items())
    return [trips[0], trips[-1]][: len(trips)]
