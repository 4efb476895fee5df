"""Occlusion, live: hide a part of the picture, and see what becomes of the class."""

from typing import Any

import numpy as np
from ipywidgets import Box, Widget
from torch import Tensor, nn

from xaiwidgets.datasets import Dataset
from xaiwidgets.explorers.explorer import column, controls, row
from xaiwidgets.explorers.maps import Display
from xaiwidgets.explorers.occlusion_learned import Learned
from xaiwidgets.explorers.occlusion_modes import Everywhere, Mode, Occluder
from xaiwidgets.explorers.occlusion_subject import Place, Question, Request, Result, Subject, change
from xaiwidgets.explorers.occlusion_views import WIDTH, OcclusionViews
from xaiwidgets.explorers.occlusion_wipe import Wipe
from xaiwidgets.explorers.picture_explorer import PictureExplorer, picture_gallery
from xaiwidgets.explorers.pictures import as_dataset, object_mask, on_device
from xaiwidgets.explorers.settings import display_controls
from xaiwidgets.explorers.units import units_of
from xaiwidgets.methods.black_box import BlackBox, Scores
from xaiwidgets.views import ControlsView, Panel

MODES: dict[str, Mode] = {"occluder": Occluder(), "map": Everywhere(), "wipe": Wipe(), "learned mask": Learned()}
HELP = {
    "occluder": "drag the window over a picture, or move it with the arrow keys",
    "map": "the window goes everywhere: red where the score is lost",
    "wipe": "pixels go in the order of their importance; brush away more",
    "learned mask": "a mask that learns what to take away, and shows how",
}
SHORT = ["occluder", "map", "wipe", "mask"]


class OcclusionExplorer(PictureExplorer):
    """Hide a part of the picture and see what becomes of the class: by hand, everywhere, by importance, by learning.

    Without arguments it opens on the course's drawn scenes and the net that was trained on them. With your own:

        OcclusionExplorer(model, images, class_names=["cat", "dog"])

    Args:
        model: classifier, `(N, C, H, W)` -> logits `(N, K)`, left as it was found; or any callable from an array
            `(N, C, H, W)` to scores `(N, K)`, for which there is no learned mask.
        images: a `Dataset`, or a tensor `(N, C, H, W)` in [0, 1] with one or three channels; the first 60 are offered.
        labels: true classes, `(N,)`.
        class_names: one name a class.
        masks: where the object is, `(N, H, W)` bool.
        mode: "occluder", "map", "wipe" or "learned mask", to begin with.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """

    def __init__(
        self,
        model: Scores | None = None,
        images: Dataset | Tensor | None = None,
        *,
        labels: Tensor | None = None,
        class_names: list[str] | None = None,
        masks: Tensor | None = None,
        mode: str = "occluder",
    ) -> None:
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(map(repr, MODES))}, got {mode!r}")
        self.opening, self.differentiable = mode, model is None or isinstance(model, nn.Module)
        data = as_dataset(self.course_pictures() if images is None else images, labels, class_names, masks)
        if not self.differentiable:
            model = BlackBox(model, data.images[:1], 0).model
        super().__init__(model, data)

    def prepare(self) -> None:
        """What is asked."""
        self.subject = Subject(
            model=self.model,
            class_names=self.class_names,
            size=tuple(self.data.images.shape[-2:]),
            outlined=self.data.masks is not None,
            differentiable=self.differentiable,
            units=units_of(self.model, self.data.images, self.differentiable),
        )

    def build(self) -> Widget:
        """Picture and gallery on the left, what the mode shows beside them, controls on the right."""
        self.views = OcclusionViews(self.subject)
        self.input, self.scores, self.maps = self.views.input, self.views.bars[0], self.views.maps
        self.gallery = picture_gallery(self.data, 330)
        self.place: Place | None = self._first_place()
        self.views.lay_occluder(self.place)
        self.values: dict[str, Any] = {"mode": self.opening}  # also of the modes that are not on the page
        self.choices = ControlsView(self._specification(self.opening), label="What to do")
        self.values |= self.choices.values
        display = [item for item in display_controls(self.data.masks is not None) if item["name"] != "one_scale"]
        self.display = ControlsView(display, {"opacity": 0.75, "contrast": 1}, label="How to show it")
        self.watch_pictures()
        self.choices.observe(self._other_choices, names=["values"])
        self.display.observe(lambda change: self.show_again(), names=["values"])
        for view in (self.input, *self.views.cards):
            view.observe(self._other_place, names=["middle"])
        for view, name in ((self.views.wiped, "brushed"), (self.scores, "selected")):
            view.observe(self.update, names=[name])
        self.views.curves.observe(self._other_share, names=["marker"])
        self.views.bars[1].observe(lambda change: self.scores.set_trait("selected", change.new), names=["selected"])
        self.middle: Box = column(width=f"{WIDTH}px")
        self.right = controls(self.choices, self.display)
        return row(column(self.input, self.gallery, width="212px"), self.middle, self.right)

    def _first_place(self) -> tuple[int, int]:
        """The middle of the first object, or of the picture."""
        mask = object_mask(self.data, 0)
        if mask is None:
            return tuple(length // 2 for length in self.subject.size)
        return tuple(mask.nonzero().double().mean(0).round().int().tolist())

    def _specification(self, mode: str) -> list[dict[str, Any]]:
        """The choice of the mode, and its controls, each with the value it had last."""
        mode_item = {"name": "mode", "label": "What to do", "kind": "choice", "options": list(MODES), "labels": SHORT}
        items = [{**mode_item, "help": HELP[mode]}]
        items += MODES[mode].controls(self.subject, self.values)
        return [{**item, "default": self.values.get(item["name"], item.get("default"))} for item in items]

    def _other_choices(self, change: Any) -> None:
        """Show the controls of the mode; their values come by here again."""
        self.values |= change.new
        wanted = self._specification(self.values["mode"])
        if [item["name"] for item in wanted] != [item["name"] for item in self.choices.specification]:
            self.choices.specification = wanted
        else:
            self.update()

    def _other_place(self, change: Any) -> None:
        """The occluder was moved on one of the pictures; the others followed in the page."""
        if change.new != self.place:
            self.place = change.new
            self.update()

    def _other_share(self, change: Any) -> None:
        """The line in the curves was moved: wipe as much."""
        if change.new is not None and "share" in self.choices.values:
            self.choices.values = {"share": min(max(change.new, 0.0), 1.0)}

    def choose_class(self) -> None:
        """As every explorer of pictures; the second bars mark the true class, too."""
        super().choose_class()
        self.views.mark_true(int(self.data.labels[self.gallery.selected or 0]))

    def leave_picture(self) -> None:
        """What was brushed away comes back; the occluder stays where it lies."""
        self.views.wiped.brushed = np.zeros((0, 0), np.uint8)

    def request(self) -> Request:
        """What the user has set."""
        values = dict(self.choices.values)
        return Request(
            mode=values["mode"],
            image=self.gallery.selected or 0,
            target=self.scores.selected or 0,
            values=values,
            middle=self.place,
            brushed=self.views.wiped.brushed,
        )

    def compute(self, request: Request) -> Result:
        """Ask the model in the way of the mode."""
        x = on_device(self.model, self.data.images[[request.image]])
        mask = object_mask(self.data, request.image)
        return MODES[request.mode].compute(Question(self.subject, request, x, mask, self.result, self.partial))

    def publish(self, result: Result) -> None:
        """Write the result to the views of its mode, and bring these to the page."""
        display = Display(**self.display.values)
        shown = MODES[result.request.mode].show(self.views, result, display)
        if self.middle.children != shown:
            if result.request.mode == "occluder":  # pictures that were not on the page could not follow
                self.views.lay_occluder(self.place)
            self.middle.children = shown
        by_hand = result.request.mode == "occluder"
        self.views.show_input(result, "occlude" if by_hand else "look", display.outline and bool(result.maps))
        right = (self.choices, self.display) if result.maps else (self.choices,)
        if self.right.children != right:
            self.right.children = right
        if result.finished:  # spoken
            self.status.message = change(self.subject, result) if len(result.scores) else "the map is complete"

    def panels(self) -> list[Panel]:
        """The picture, and what its mode shows."""
        whole = Panel(self.input.image, "Input", self.input.caption)
        return [whole, *MODES[self.result.request.mode].panels(self.views, self.result)]

    def summary(self) -> str:
        """What is shown, with its numbers."""
        result = self.result
        told = MODES[result.request.mode].told(self.subject, result)
        target = self.class_names[result.request.target]
        return f"Occlusion explorer. Input {self.views.verdict(result)}. Explained class: {target}. {told}.".replace(
            "\n", ", "
        )

    def hidden(self) -> list[Widget]:
        """What is not on the page just now."""
        return [self.display.layout, self.display, *self.views.hidden()]
