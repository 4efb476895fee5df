"""Which pictures of a data set does each unit like best, and is it a detector of anything?"""

import threading
import time
from dataclasses import replace
from typing import Any

import torch
from ipywidgets import Widget
from torch import Tensor, nn

from xaiwidgets.datasets import Dataset, load_dataset
from xaiwidgets.explorers.explorer import Explorer, controls, row
from xaiwidgets.explorers.pictures import as_dataset, named_classes, on_device
from xaiwidgets.explorers.top_k_result import Request, Result, judged, telling
from xaiwidgets.explorers.top_k_scans import LayerScan, Scans
from xaiwidgets.explorers.top_k_subject import subject_of
from xaiwidgets.explorers.top_k_views import TopKViews, told
from xaiwidgets.methods.layers import activations
from xaiwidgets.models import load_model
from xaiwidgets.views import ControlsView, Panel

FIRST = 60  # of the course's pictures, with which it opens; the others are drawn in the background
EVERY = 0.3  # seconds between two partial results
COUNTS = (4, 9, 16, 25)
AUTO = "the class that fits best"


class TopKExplorer(Explorer):
    """Choose a layer and a channel, and see which pictures it likes best and least, and what that proves.

    Without arguments it opens on the course's drawn scenes and the net that was trained on them. With your own:

        TopKExplorer(model, images, labels=labels, class_names=["cat", "dog"])

    Args:
        model: classifier, `(N, C, H, W)` -> logits `(N, K)`; left as it was found.
        images: a `Dataset`, or a tensor `(N, C, H, W)` in [0, 1] with one or three channels; all are scanned.
        labels: true classes, `(N,)`; without them no class is named.
        class_names: one name a class.
        layer: name of a module, to begin with; None: the last one with maps.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """

    columns = 5

    def __init__(
        self,
        model: nn.Module | None = None,
        images: Dataset | Tensor | None = None,
        *,
        labels: Tensor | None = None,
        class_names: list[str] | None = None,
        layer: str | None = None,
    ) -> None:
        self.model = load_model("scenes-cnn") if model is None else model
        self.more = images is None  # pictures that are still to be drawn
        given = load_dataset("scenes", count=FIRST) if images is None else images
        data = as_dataset(given, labels, class_names)
        self.data = replace(data, images=data.images.cpu(), labels=data.labels.cpu())  # batches travel to the model
        if not len(self.data):
            raise ValueError("images must hold at least one picture, got none")
        self.class_names = named_classes(self.model, self.data)
        self.subject = subject_of(self.model, self.data, self.class_names)
        self.opening = layer if layer is not None else self.subject.last_with_maps()
        if self.opening not in self.subject.layers:
            raise ValueError(f"layer must be one of {', '.join(map(repr, self.subject.layers))}, got {layer!r}")
        self.scans = Scans(self.model)
        super().__init__(self.model)
        self.update()  # goes on with the pictures that are missing

    def build(self) -> Widget:
        """Layers and the chosen picture on the left, channels, pictures and numbers beside them, controls right."""
        self.views = TopKViews(self.subject)
        self.input = self.views.input
        self.channel: int | None = None  # None: the most telling one
        self.publisher: int | None = None  # the thread that writes to the views: what it chooses, no reader chose
        self.looked = ("best", 0)
        self.views.layers.selected = list(self.subject.layers).index(self.opening)
        self.choices = ControlsView(self._specification(), label="Top-K")
        self.choices.observe(self._other_choices, names=["values"])
        self.views.layers.observe(self._other_layer, names=["selected"])
        self.views.channels.observe(self._other_channel, names=["selected"])
        self.views.mix.observe(self._other_class, names=["selected"])
        for name, grid in self.views.grids.items():
            grid.observe(lambda change, name=name: self._look(name, change.new), names=["selected"])
        return row(*self.views.arranged(), controls(self.choices, *self.views.numbers()))

    def _specification(self) -> list[dict[str, Any]]:
        counts = [str(count) for count in COUNTS if count <= len(self.data)] or [str(len(self.data))]
        items = [
            {"name": "crop", "label": "Show of each picture", "kind": "choice", "options": ["crop", "whole"],
             "labels": ["what it saw", "all of it"]},
            {"name": "k", "label": "Pictures of each end", "kind": "choice", "options": counts,
             "default": "9" if "9" in counts else counts[-1]},
            {"name": "over", "label": "Value of a channel", "kind": "choice", "options": ["max", "mean"],
             "labels": ["maximum of its map", "mean of its map"]},
            {"name": "map", "label": "Its map over the chosen picture", "kind": "flag", "default": True},
        ]  # fmt: skip
        if self.subject.labelled:
            options = [AUTO, *self.class_names]
            items.insert(0, {"name": "asked", "label": "Is it a detector of …?", "kind": "choice", "options": options})
        return items

    def _other_choices(self, change: Any) -> None:
        """Only what changes the numbers is computed anew."""
        changed = {name for name in change.new if change.new[name] != change.old.get(name)}
        if changed and changed <= {"crop", "map"}:
            self.show_again()
        else:
            self.update()

    def _other_layer(self, change: Any) -> None:
        """Another layer: its most telling channel."""
        self.channel, self.looked = None, ("best", 0)
        self.update()

    def _by_reader(self, chosen: int | None) -> bool:
        """Whether a row or a picture was chosen by the reader, not shown as chosen by `publish`."""
        return chosen is not None and self.publisher != threading.get_ident()

    def _other_channel(self, change: Any) -> None:
        """The reader chose a channel."""
        if self._by_reader(change.new):
            self.channel, self.looked = change.new, ("best", 0)
            self.update()

    def _other_class(self, change: Any) -> None:
        """The reader asks whether it detects this class."""
        if self._by_reader(change.new):
            self.choices.values = {"asked": self.class_names[change.new]}

    def _look(self, end: str, position: int | None) -> None:
        """The reader looks at one of the pictures."""
        if self._by_reader(position):
            self.looked = (end, position)
            self.update()

    def request(self) -> Request:
        """What the user has set."""
        values = self.choices.values
        asked = values.get("asked", AUTO)
        return Request(
            layer=list(self.subject.layers)[self.views.layers.selected or 0],
            channel=self.channel,
            k=int(values["k"]),
            over=values["over"],
            asked=None if asked == AUTO else self.class_names.index(asked),
            end=self.looked[0],
            position=self.looked[1],
        )

    def compute(self, request: Request) -> Result:
        """Scan what is missing of the layer, showing what is known so far."""
        if self.more and self.result is not None:
            self.data, self.more = load_dataset("scenes"), False
        scan, opening = self.scans.of(request.layer, request.over), self.result is None
        shown = time.perf_counter()
        for _ in scan.going_on(self.data):
            if opening:
                return self._found(request, scan, with_fields=False)  # the rest in the background
            if time.perf_counter() - shown > EVERY:
                self.partial(self._found(request, scan))
                shown = time.perf_counter()
        return self._found(request, scan)

    def _found(self, request: Request, scan: LayerScan, with_fields: bool = True) -> Result:
        """What is known of the channel."""
        known = scan.known(self.data)
        values = telling(known, request)
        order = values.argsort(descending=True, stable=True).tolist()
        channel = order[0] if request.channel not in range(len(order)) else request.channel
        mix, asked, found = judged(known, channel, request, self.data.labels)
        one = known.record.of(channel)
        end = one if request.end == "best" else one.bottom
        index = int(end.indices[: request.k][min(request.position, min(request.k, len(end.indices)) - 1)])
        image = self.data.images[index]
        map_ = None
        if self.subject.has_maps(request.layer):
            map_ = activations(self.model, on_device(self.model, image[None]), request.layer)[0, channel].cpu()
        fields = None
        if with_fields and len(self.subject.layers[request.layer]) == 3:
            places = torch.cat([one.places[: request.k], one.bottom.places[: request.k]])
            boxes = scan.fields_of(on_device(self.model, self.data.images[:1]), places)
            half = len(places) // 2
            fields = None if boxes is None else {"best": boxes[:half], "worst": boxes[half:]}
        return Result(request, known, channel, order, values, fields, image, map_, mix, asked, found)

    def publish(self, result: Result) -> None:
        """Write the result to the views."""
        if result.finished and result.request == self.request():
            self.channel = result.channel  # a question about it shall not lead to another one
        self.publisher = threading.get_ident()
        try:
            self._show(result)
        finally:
            self.publisher = None
        if result.finished:  # spoken
            self.status.message = told(result, self.subject)[0]

    def _show(self, result: Result) -> None:
        shown, views = self.choices.values, self.views
        views.show_sentence(result)
        views.show_pictures(result, self.data, shown["crop"] == "crop")
        views.show_input(result, self.data, shown["map"])
        views.show_channels(result)
        views.show_histogram(result, self.data)
        views.show_numbers(result)

    def panels(self) -> list[Panel]:
        """The chosen picture and the best ones."""
        view = self.views.grids["best"]
        best = [Panel(pixels, "", words) for pixels, words in zip(view.images[:9], view.labels, strict=False)]
        return [Panel(self.input.image, self.input.title, self.input.caption), *best]

    def summary(self) -> str:
        """What is shown, with its numbers."""
        return f"Top-K explorer. {' '.join(told(self.result, self.subject))}"

    def hidden(self) -> list[Widget]:
        """What is not on the page where nobody told the classes."""
        unused = [] if self.subject.labelled else [self.views.mix, self.views.judge]
        return [*(view.layout for view in unused), *unused]
