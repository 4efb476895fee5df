"""Explanations from the gradient, live."""

from dataclasses import dataclass
from typing import Any

from ipywidgets import Widget
from torch import Tensor, nn

from xaiwidgets.borrow import borrow
from xaiwidgets.colors import picture
from xaiwidgets.datasets import Dataset
from xaiwidgets.explorers.explorer import column, controls, row
from xaiwidgets.explorers.maps import NOTHING, Display, Map, MapRow, share_inside
from xaiwidgets.explorers.picture_explorer import PictureExplorer, picture_gallery
from xaiwidgets.explorers.pictures import moved, noisy, object_mask, on_device, recorded_scores
from xaiwidgets.explorers.settings import display_controls, method_arguments, method_controls
from xaiwidgets.methods import ATTRIBUTIONS
from xaiwidgets.methods.gradients import completeness_gap
from xaiwidgets.views import BarsView, ControlsView, ImageView, Panel

MOST = 4  # methods side by side


@dataclass(frozen=True)
class Request:
    """What the user has set."""

    image: int
    offset: tuple[int, int]
    target: int
    methods: tuple[str, ...]
    settings: dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What is shown: the picture as the model saw it, its logits, and the maps."""

    request: Request
    image: Tensor
    mask: Tensor | None
    logits: Tensor
    maps: list[Map]


class GradientsExplorer(PictureExplorer):
    """Choose picture, class and up to four methods; drag the picture, add noise, and watch the maps.

    Without arguments it opens on the course's drawn scenes and the net that was trained on them. With your own:

        GradientsExplorer(model, images, class_names=["cat", "dog"])

    A map shows the attribution summed over the colour channels.

    Args:
        model: classifier, `(N, C, H, W)` -> logits `(N, K)`; left as it was found.
        images: a `Dataset`, or a tensor `(N, C, H, W)` in [0, 1] with one or three channels; the first 60 are offered.
        labels: true classes, `(N,)`.
        class_names: one name a class.
        masks: where the object is, `(N, H, W)` bool.
        methods: names of `ATTRIBUTIONS` to begin with, four at most.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """

    def __init__(
        self,
        model: nn.Module | None = None,
        images: Dataset | Tensor | None = None,
        *,
        labels: Tensor | None = None,
        class_names: list[str] | None = None,
        masks: Tensor | None = None,
        methods: tuple[str, ...] = ("Gradient x input", "Integrated gradients"),
    ) -> None:
        if unknown := [name for name in methods if name not in ATTRIBUTIONS]:
            raise ValueError(f"methods has no {unknown[0]!r}; known methods: {', '.join(ATTRIBUTIONS)}")
        if not 1 <= len(methods) <= MOST:
            raise ValueError(f"methods must be 1 to {MOST} names, got {len(methods)}")
        self.methods = list(methods)
        super().__init__(model, images, labels=labels, class_names=class_names, masks=masks)

    def build(self) -> Widget:
        """Picture and gallery on the left, maps and class scores beside them, controls on the right."""
        self.input = ImageView(title="Input", tool="drag")
        self.gallery = picture_gallery(self.data, 190)
        self.scores = BarsView(names=list(self.class_names), label="Class scores (logits): choose a class", digits=1)
        self.maps = MapRow(self.input, MOST)
        self.choices = ControlsView(_choices(self.methods), label="What to explain")
        self.parameters = ControlsView(self._method_controls(), label="Parameters of the methods")
        self.display = ControlsView(display_controls(self.data.masks is not None), label="How to show it")
        self.watch_pictures()
        self.choices.observe(self._other_choices, names=["values"])
        self.display.observe(lambda change: self.show_again(), names=["values"])
        for view, name in ((self.input, "offset"), (self.scores, "selected"), (self.parameters, "values")):
            view.observe(self.update, names=[name])
        left = column(self.input, self.gallery, width="212px")
        middle = column(self.maps.widget, self.scores, width="424px")
        return row(left, middle, controls(self.choices, self.parameters, self.display))

    def _method_controls(self) -> list[dict[str, Any]]:
        return [item for name in self.choices.values["methods"] for item in method_controls(name)]

    def _other_choices(self, change: Any) -> None:
        if change.old.get("methods") != change.new["methods"]:
            self.parameters.specification = self._method_controls()
        self.update()

    def leave_picture(self) -> None:
        """The next picture begins where it was drawn."""
        self.input.offset = (0, 0)

    def request(self) -> Request:
        """What the user has set."""
        return Request(
            image=self.gallery.selected or 0,
            offset=tuple(self.input.offset),
            target=self.scores.selected or 0,
            methods=tuple(self.choices.values["methods"]),
            settings={**self.choices.values, **self.parameters.values},
        )

    def compute(self, request: Request) -> Result:
        """Move the picture, add noise, and explain it by every chosen method."""
        image = noisy(moved(self.data.images[request.image], request.offset), request.settings["noise"])
        mask = object_mask(self.data, request.image, request.offset)
        x, model = on_device(self.model, image[None]), borrow(self.model)
        with recorded_scores(model, x) as scores:
            maps = [self._map(model, name, x, mask, request) for name in request.methods]
        return Result(request, image, mask, scores()[0], maps)

    def _map(self, model: nn.Module, name: str, x: Tensor, mask: Tensor | None, request: Request) -> Map:
        arguments = method_arguments(name, request.settings, x)
        try:
            attribution = ATTRIBUTIONS[name](model, x, request.target, **arguments)
        except ValueError as error:
            return Map(name, None, notice=str(error))
        values = attribution.sum(1)[0].cpu()
        lines = [f"sum {float(values.sum()):.2f}"]
        if (inside := share_inside(values, mask)) is not None:
            lines[0] += f" · {inside:.0%} inside"
        if name == "Integrated gradients":
            gap = completeness_gap(model, x, request.target, attribution, arguments["baseline"])
            lines.append(f"completeness gap {float(gap):+.3f}")
        return Map(name, values, "\n".join(lines))

    def publish(self, result: Result) -> None:
        """Write maps, picture and scores to the views; the maps first, for they are waited for."""
        pixels, display = picture(result.image), Display(**self.display.values)
        self.maps.show(result.maps, pixels, result.mask, display)
        with self.input.hold_sync():
            self.input.image = pixels
            self.input.outline = result.mask if display.outline and result.mask is not None else NOTHING
            self.input.caption = self._verdict(result)
            self.input.alt = f"Input: {self._verdict(result)}. Drag it, or move it with the arrow keys."
        self.scores.values = result.logits

    def _verdict(self, result: Result) -> str:
        verdict = f"seen as {self.class_names[int(result.logits.argmax())]}"
        area = "" if result.mask is None else f"\nobject: {float(result.mask.float().mean()):.0%} of the area"
        return verdict + area

    def panels(self) -> list[Panel]:
        """The picture and its maps."""
        return [Panel(self.input.image, "Input", self.input.caption), *self.maps.panels()]

    def summary(self) -> str:
        """What is shown, with its numbers."""
        result, target = self.result, self.result.request.target
        maps = "; ".join(f"{each.title}: {each.caption or each.notice}" for each in result.maps)
        told = (
            f"Gradients explorer. Input {self._verdict(result)}. Explained class: {self.class_names[target]}, "
            f"score f(x) = {float(result.logits[target]):.2f}. {maps}."
        )
        return told.replace("\n", ", ")

    def hidden(self) -> list[Widget]:
        """The maps that are not shown."""
        return self.maps.hidden()


def _choices(methods: list[str]) -> list[dict[str, Any]]:
    return [
        {"name": "methods", "label": "Methods, up to four", "kind": "choices", "options": list(ATTRIBUTIONS),
         "maximum": MOST, "default": methods},
        {"name": "noise", "label": "Noise on the input", "kind": "range", "minimum": 0, "maximum": 0.5, "step": 0.01,
         "help": "standard deviation; pixels run from 0 to 1"},
    ]  # fmt: skip
