"""Layer-wise relevance propagation, live: rules, layers, channels and single neurons."""

from collections.abc import Mapping
from typing import Any

import torch
from ipywidgets import Widget
from torch import Tensor, nn

from xaiwidgets.datasets import Dataset
from xaiwidgets.explorers.lrp_choices import RuleBook, line_of_rule
from xaiwidgets.explorers.lrp_compute import LrpComputer
from xaiwidgets.explorers.lrp_layers import Layer
from xaiwidgets.explorers.lrp_report import lrp_panels, lrp_summary
from xaiwidgets.explorers.lrp_result import Question, Request, Result
from xaiwidgets.explorers.lrp_views import LrpViews
from xaiwidgets.explorers.picture_explorer import PictureExplorer
from xaiwidgets.methods.composites import Composite
from xaiwidgets.methods.lrp_rules import Rule
from xaiwidgets.views import Panel


class LRPExplorer(PictureExplorer):
    """Choose LRP's rules and watch relevance flow from the score to the pixels, layer by layer.

    Choose a composite or a rule for each layer; read on the meter what bias and ε absorb; look into a layer, follow one
    of its channels alone, and point at a neuron to see its rule filled in with its numbers. Without arguments it opens
    on the course's drawn scenes and the net that was trained on them. With your own net, and your own rule:

        LRPExplorer(model, images, class_names=["cat", "dog"], own_rules={"mine": MyRule()})

    Args:
        model: classifier, `(N, C, H, W)` -> logits `(N, K)`; left as it was found.
        images: a `Dataset`, or a tensor `(N, C, H, W)` in [0, 1] with one or three channels; the first 60 are offered.
        labels: true classes, `(N,)`.
        class_names: one name a class.
        masks: where the object is, `(N, H, W)` bool.
        rules: to begin with; the name of a composite or of an own rule, a `Composite`, or one rule for all layers.
        own_rules: name -> rule with `propagate(layer, relevance)`, offered beside LRP's own.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected. A model that LRP refuses opens with
            the reason in place of the maps.
    """

    def __init__(
        self,
        model: nn.Module | None = None,
        images: Dataset | Tensor | None = None,
        *,
        labels: Tensor | None = None,
        class_names: list[str] | None = None,
        masks: Tensor | None = None,
        rules: str | Composite | Rule = "EpsilonPlus",
        own_rules: Mapping[str, Rule] | None = None,
    ) -> None:
        self.book = RuleBook(rules, own_rules)
        self.through: tuple[int, int] | None = None
        super().__init__(model, images, labels=labels, class_names=class_names, masks=masks)

    def build(self) -> Widget:
        """The views, and what happens when they change."""
        self.computer = LrpComputer(self.model, self.data.images[:1], self.class_names, self.book)
        self.layers = self.computer.layers
        self.views = views = LrpViews(self.data, self.class_names, self.layers, self.book)
        self.gallery, self.scores = views.gallery, views.scores
        self.watch_pictures()
        views.strip.selected = _last_convolution(self.layers)
        views.channels.observe(self._follow_channel, names=["selected"])
        views.actions.observe(self._follow_all, names=["values"])
        views.display.observe(lambda change: self.show_again(self._show_again), names=["values"])
        for view, name in ((views.whole, "values"), (views.single, "values"), (views.scores, "selected")):
            view.observe(self.update, names=[name])
        views.strip.observe(self._other_layer, names=["selected"])
        for view in (views.layer_map, views.network):
            view.observe(self.update, names=["hovered"])
        views.layer_map.observe(self._pick, names=["picked"])
        views.network.observe(self._pick_unit, names=["selected"])
        return views.widget

    def _other_layer(self, change: Any) -> None:
        self.views.layer_map.picked = None
        if self._unit_of(self.views.network.selected)[0] != change.new:
            self.views.network.selected = None
        self.update()

    def _pick(self, change: Any) -> None:
        if change.new is not None:
            self.views.network.selected = None
        self.update()

    def _pick_unit(self, change: Any) -> None:
        """A unit of the drawing was chosen: look into its layer."""
        layer, _ = self._unit_of(change.new)
        if layer is not None:
            self.views.layer_map.picked = None
            self.views.strip.selected = layer
        self.update()

    def _follow_channel(self, change: Any) -> None:
        """A bar was chosen: follow that channel alone. That none is chosen any more is not the reader's doing."""
        if change.new is not None and self.through != (self.views.strip.selected, change.new):
            self.through = (self.views.strip.selected, change.new)
            self.update()

    def _follow_all(self, _change: Any) -> None:
        self.through = None
        self.update()

    def _show_again(self, result: Result) -> None:
        self.views.show_map(result)
        if result.flow is not None:
            self.views.show_layer(result)

    def request(self) -> Request:
        """What the user has set."""
        views = self.views
        choices = self.book.choices(views.whole.values, views.single.values)
        question = Question(views.gallery.selected or 0, views.scores.selected or 0, choices)
        return Request(question, self.through, views.strip.selected or 0, self._spot())

    def _spot(self) -> tuple[int, tuple[int, ...]] | None:
        """The neuron under the pointer, else the one that was clicked."""
        views, drawn = self.views, self.views.network
        for cell, unit in ((views.layer_map.hovered, drawn.hovered), (views.layer_map.picked, drawn.selected)):
            if cell is not None:
                return views.strip.selected or 0, cell
            layer, index = self._unit_of(unit)
            if layer is not None:
                return layer, (index,)
        return None

    def _unit_of(self, place: tuple[int, int] | None) -> tuple[int | None, int]:
        """Index of the layer, and of the unit in it, of a place in the drawing; no layer for the column of inputs."""
        layers = self.result.drawing.layers if place and self.result else ()
        return (layers[place[0]], place[1]) if place and place[0] < len(layers) else (None, 0)

    def compute(self, request: Request) -> Result:
        """The flow of relevance, or for the first picture why there is none."""
        try:
            return self.computer.answer(self.data, request, self.result)
        except Exception as error:
            if self.result is not None and self.result.flow is not None:
                raise  # the foot line says it, and what was shown stays
            return self.computer.refused(self.data, request, error)

    def publish(self, result: Result) -> None:
        """Write the result to the views; only what is new."""
        torch.set_num_threads(1)  # as in `compute`: what is left to work out is small
        try:
            self._show(result, self.result)
        finally:
            torch.set_num_threads(self._cores)

    def _show(self, result: Result, old: Result | None) -> None:
        flows = old is None or result.flow is None or old.flow is not result.flow
        if flows:
            self.views.show_flow(result)
        if result.flow is None:
            return
        if flows or old.request.layer != result.request.layer:
            self.views.show_layer(result)
        self.views.show_neuron(result)

    def _publish(self, result: Result, seconds: float | None = None) -> None:
        super()._publish(result, seconds)
        if result.error:
            self.status.set_trait("error", result.error)
            self.status.set_trait("state", "error")

    def _failed(self, error: Exception) -> None:
        super()._failed(error)
        self.status.set_trait("error", self.status.error + line_of_rule(error))

    def panels(self) -> list[Panel]:
        """The picture, its map, and the maps of all layers."""
        return lrp_panels(self.views, self.result)

    def summary(self) -> str:
        """What is shown, with its numbers."""
        return lrp_summary(self.views, self.result)

    def hidden(self) -> list[Widget]:
        """What belongs to the row of the map."""
        return self.views.maps.hidden()


def _last_convolution(layers: list[Layer]) -> int:
    """Index of the layer to open with: few large cells, and channels that mean something."""
    found = [index for index, layer in enumerate(layers) if layer.operation == "convolution"]
    return found[-1] if found else max(len(layers) - 2, 0)
