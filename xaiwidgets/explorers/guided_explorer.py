"""Guided backpropagation and deconvolution, live: choose the rule of each ReLU, and let the net forget."""

from typing import Any

import torch
from ipywidgets import Widget

from xaiwidgets.colors import picture
from xaiwidgets.evaluation import weighted_layers
from xaiwidgets.explorers.curve_panels import curve_panel, draw_curves
from xaiwidgets.explorers.explorer import column, controls, row
from xaiwidgets.explorers.guided_controls import NOBODY, MixControls, choices, display
from xaiwidgets.explorers.guided_maps import MAPS, Request, Result, explain
from xaiwidgets.explorers.guided_neuron import NeuronPanel
from xaiwidgets.explorers.maps import NOTHING, Display, MapRow
from xaiwidgets.explorers.picture_explorer import PictureExplorer, picture_gallery
from xaiwidgets.explorers.pictures import object_mask, on_device
from xaiwidgets.methods.guided_backprop import relu_layers
from xaiwidgets.views import BarsView, ControlsView, CurvesView, ImageView, Panel


class GuidedExplorer(PictureExplorer):
    """Gradient, guided backpropagation, deconvolution and a mix of your own, side by side.

    Choose the rule of each ReLU, compare the maps of two classes, and replace the layers by noise from the output down:
    a map that stays the same does not depend on what they have learned. The number ρ under a map is the rank
    correlation with the trained net's map, or with the first class's. Click into the picture to see one neuron in
    numbers. A map shows what arrives at the input, summed over the colour channels.

    Without arguments it opens on the course's drawn scenes and the net that was trained on them. With your own:

        GuidedExplorer(model, images, class_names=["cat", "dog"])

    Args:
        model: classifier, `(N, C, H, W)` -> logits `(N, K)`; left as it was found, noise goes into copies.
        images: a `Dataset`, or a tensor `(N, C, H, W)` in [0, 1] with one or three channels; the first 60 are offered.
        labels: true classes, `(N,)`.
        class_names: one name a class.
        masks: where the object is, `(N, H, W)` bool.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """

    columns = 3

    def prepare(self) -> None:
        """The ReLUs that get a rule, and the layers that get noise."""
        x = on_device(self.model, self.data.images[:1])
        self.relus, self.layers = relu_layers(self.model, x), weighted_layers(self.model, x)

    def build(self) -> Widget:
        """Picture, gallery and scores on the left, maps and one neuron beside them, controls on the right."""
        self.input = ImageView(title="Input", tool="pick")
        self.gallery = picture_gallery(self.data, 190)
        self.scores = BarsView(names=list(self.class_names), label="Class scores (logits)", digits=1)
        self.maps = MapRow(self.input, 2 * len(MAPS))
        self.choices = ControlsView(choices(self.class_names, self.layers), label="What to show")
        named = [f"ReLU {place}: layer {name}" for place, name in enumerate(self.relus, 1)]
        self.mix = MixControls(named)
        self.display = ControlsView(display(self.data.masks is not None), label="How to show it")
        self.neuron = NeuronPanel(named)
        self.curves = CurvesView(
            title="Rank correlation with the trained net's map", x_label="randomised layers", width=424, height=200,
            y_limits=(-0.3, 1.0), movable=False,
        )  # fmt: skip
        self.watch_pictures()
        for view, name in ((self.scores, "selected"), (self.choices, "values"), (self.mix, "values")):
            view.observe(self.update, names=[name])
        self.input.observe(self._look_into, names=["picked"])
        self.neuron.controls.observe(self._other_neuron, names=["values"])
        self.display.observe(lambda change: self.show_again(), names=["values"])
        self.middle = column(self.maps.widget, self.neuron.widget, width="424px")
        left = column(self.input, self.gallery, self.scores, width="212px")
        return row(left, self.middle, controls(self.choices, self.mix, self.display))

    def leave_picture(self) -> None:
        """No pixel is picked."""
        self.input.picked = None

    def _look_into(self, change: Any) -> None:
        """A pixel was picked: look into the net there, at its first ReLU if none was chosen."""
        if change.new is not None and self.relus and self.neuron.relu < 0:
            self.neuron.controls.values = {"relu": 0}
        else:
            self.update()

    def _other_neuron(self, change: Any) -> None:
        if change.old.get("relu") != change.new["relu"]:
            self.update()

    def request(self) -> Request:
        """What the user has set."""
        values = self.choices.values
        return Request(
            image=self.gallery.selected or 0,
            target=self.scores.selected or 0,
            other=None if values["other"] == NOBODY else values["other"],
            maps=tuple(values["maps"]),
            mix=self.mix.rules,
            depth=values["depth"],
            seed=values["seed"],
            curve=values["curve"],
            relu=self.neuron.relu,
            place=self.input.picked,
        )

    def compute(self, request: Request) -> Result:
        """Explain the picture by every chosen rule, with the net as it is and as it was."""
        if not request.maps:
            raise ValueError("choose at least one map")
        x = on_device(self.model, self.data.images[[request.image]])
        return explain(self.model, x, object_mask(self.data, request.image), request, self.class_names)

    def publish(self, result: Result) -> None:
        """Write maps, picture, scores, curve and neuron to the views; the maps first, for they are waited for."""
        request = result.request
        image, mask = self.data.images[request.image], object_mask(self.data, request.image)
        shown = Display(**self.display.values)
        self.maps.show(result.maps, picture(image), mask, shown)
        with self.input.hold_sync():
            self.input.image = picture(image)
            self.input.outline = mask if shown.outline and mask is not None else NOTHING
            self.input.caption = self._verdict(result)
            self.input.alt = f"Input: {self._verdict(result)}. Pick a pixel to see a neuron there in numbers."
        self.scores.values = result.logits
        self._show_curve(result)
        if result.neuron is not None or request.relu < 0:
            self.neuron.show(result.neuron)

    def _show_curve(self, result: Result) -> None:
        curve = () if result.curves is None else (self.curves,)
        children = (self.maps.widget, *curve, self.neuron.widget)
        if result.curves is not None:
            depths = torch.arange(result.curves.shape[1]).float()
            draw_curves(self.curves, depths, list(result.request.maps), result.curves)
            self.curves.marker = float(result.request.depth)
        if self.middle.children != children:
            self.middle.children = children

    def _verdict(self, result: Result) -> str:
        depth = result.request.depth
        net = f"{depth} of {len(self.layers)} layers are noise" if depth else "the trained net"
        return f"{net}\nsays {self.class_names[int(result.logits.argmax())]}"

    def panels(self) -> list[Panel]:
        """The picture, its maps, and the curve if it is there."""
        pictures = [Panel(self.input.image, "Input", self.input.caption), *self.maps.panels()]
        curve = [] if self.result.curves is None else [curve_panel(self.curves, "Rank correlation")]
        return [*pictures, *curve]

    def summary(self) -> str:
        """What is shown, with its numbers."""
        result = self.result
        maps = "; ".join(f"{each.title}: {each.caption or each.notice or 'shown'}" for each in result.maps)
        told = (
            f"Guided explorer. Input: {self._verdict(result)}. Explained class: "
            f"{self.class_names[result.request.target]}. {maps}. {self.neuron.summary()}."
        )
        return told.replace("\n", ", ")

    def hidden(self) -> list[Widget]:
        """The maps and the curve that are not shown."""
        return [*self.maps.hidden(), self.curves.layout, self.curves]
