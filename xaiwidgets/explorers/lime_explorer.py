"""LIME, live: switch segments of a picture off and on, and see how far a linear model follows the network."""

from typing import Any

from ipywidgets import Box, Widget
from torch import Tensor, nn

from xaiwidgets.datasets import Dataset
from xaiwidgets.explorers.explorer import column, controls, row
from xaiwidgets.explorers.lime_pixels import Pixels
from xaiwidgets.explorers.lime_result import Question, Request, Result, Subject
from xaiwidgets.explorers.lime_segments import CUT, Segments
from xaiwidgets.explorers.lime_views import LimeViews, fit_text
from xaiwidgets.explorers.maps import Display
from xaiwidgets.explorers.picture_explorer import PictureExplorer, picture_gallery
from xaiwidgets.explorers.pictures import as_dataset, object_mask, on_device
from xaiwidgets.explorers.settings import display_controls
from xaiwidgets.explorers.units import units_of, written
from xaiwidgets.methods.black_box import BlackBox, Scores
from xaiwidgets.views import ControlsView, Panel

MODES = {
    "segments": "switch segments off and on; a linear model is fitted to many such masks",
    "pixels": "noise on every pixel; as its radius shrinks, the fit becomes the gradient",
}


class LimeExplorer(PictureExplorer):
    """Switch segments off and on, and compare the network with the linear model that LIME fits to it; or fit to noise.

    Without arguments it opens on the course's drawn scenes and the net that was trained on them. With your own:

        LimeExplorer(model, images, class_names=["cat", "dog"])

    Args:
        model: classifier, `(N, C, H, W)` -> logits `(N, K)`, left as it was found; or any callable from an array
            `(N, C, H, W)` to scores `(N, K)`, which has no gradient to compare with.
        images: a `Dataset`, or a tensor `(N, C, H, W)` in [0, 1] with one or three channels; the first 60 are offered.
        labels: true classes, `(N,)`.
        class_names: one name a class.
        masks: where the object is, `(N, H, W)` bool.
        mode: "segments" or "pixels", to begin with.

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
        mode: str = "segments",
    ) -> None:
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(map(repr, MODES))}, got {mode!r}")
        self.opening, self.differentiable = mode, model is None or isinstance(model, nn.Module)
        if not self.differentiable:
            images = as_dataset(self.course_pictures() if images is None else images)
            model = BlackBox(model, images.images[:1], 0).model
        super().__init__(model, images, labels=labels, class_names=class_names, masks=masks)

    def prepare(self) -> None:
        """What is asked, and what answers."""
        units = units_of(self.model, self.data.images, self.differentiable)
        self.subject = Subject(self.model, self.class_names, self.differentiable, units)
        self.segments, self.pixels = Segments(), Pixels()

    def build(self) -> Widget:
        """Picture and gallery on the left, maps and bars beside them, controls on the right."""
        self.views = LimeViews(self.subject)
        self.input, self.scores, self.maps = self.views.input, self.views.scores, self.views.maps
        self.gallery = picture_gallery(self.data, 240)
        self.off: frozenset[int] = frozenset()
        self.values: dict[str, Any] = {}  # also of the mode that is not on the page
        self.choices = ControlsView(self._specification(self.opening), label="LIME")
        self.values |= self.choices.values
        display = [item for item in display_controls(False) if item["name"] != "one_scale"]
        self.display = ControlsView(display, {"opacity": 0.75, "contrast": 1}, label="How to show it")
        self.watch_pictures()
        self.choices.observe(self._other_choices, names=["values"])
        self.display.observe(lambda change: self.show_again(), names=["values"])
        self.input.observe(self._switch, names=["picked"])
        self.views.actions.observe(self._act, names=["values"])
        self.views.weights.observe(self._choose, names=["selected"])
        self.scores.observe(self.update, names=["selected"])
        self.left: Box = column(width="212px")
        self.middle: Box = column(width="452px")
        return row(self.left, self.middle, controls(self.choices, self.display))

    def _specification(self, mode: str) -> list[dict[str, Any]]:
        """The choice of the mode, and its controls, each with the value it had last."""
        choice = {"name": "mode", "label": "LIME on", "kind": "choice", "options": list(MODES), "help": MODES[mode]}
        if mode == "segments":
            items = self.segments.controls(self.subject)
        else:
            items = self.pixels.controls(self.subject, tuple(self.data.images.shape[-2:]), self.values)
        items = [{**choice, "default": mode}, *items]
        return [{**item, "default": self.values.get(item["name"], item.get("default"))} for item in items]

    def _other_choices(self, change: Any) -> None:
        """Show the controls of the mode; their values come by here again."""
        if any(change.new.get(name) != self.values.get(name) for name in CUT if name in change.new):
            self.leave_picture()  # other segments: what was off is no more
        self.values |= change.new
        wanted = self._specification(self.values["mode"])
        if [item["name"] for item in wanted] != [item["name"] for item in self.choices.specification]:
            self.choices.specification = wanted
        else:
            self.update()

    def leave_picture(self) -> None:
        """Other segments: all are on."""
        self.off, self.views.chosen = frozenset(), None

    def _switch(self, change: Any) -> None:
        """Switch the segment under the pointer; let go of the pixel, so that it can be picked again."""
        if change.new is None or self.result is None or self.result.labels is None:
            return
        segment = int(self.result.labels[change.new])
        self.off = self.off ^ {segment}
        self.views.chosen = segment
        self.update()
        self.input.picked = None

    def _act(self, change: Any) -> None:
        """A button was pressed."""
        result, pressed = self.result, {name for name in change.new if change.new[name] != change.old.get(name)}
        if result is None or result.labels is None:
            return
        if "all" in pressed:
            self.off = frozenset()
        if "switch" in pressed and self.views.chosen is None:
            self.status.message = "choose a segment first: in the list of weights, or by a click"
        elif "switch" in pressed:
            self.off = self.off ^ {self.views.chosen}
        if "positive" in pressed and result.fits:
            self.off = frozenset((result.fits.first.weights <= 0).nonzero()[:, 0].tolist())
        self.update()

    def _choose(self, change: Any) -> None:
        """Frame the segment of the chosen row."""
        if change.new is None or self.views.order[change.new] == self.views.chosen:
            return
        self.views.chosen = self.views.order[change.new]
        self.show_again()

    def request(self) -> Request:
        """What the user has set."""
        return Request(
            mode=self.choices.values["mode"],
            image=self.gallery.selected or 0,
            target=self.scores.selected or 0,
            values=dict(self.choices.values),
            off=self.off,
        )

    def compute(self, request: Request) -> Result:
        """Ask the model in the way of the mode."""
        x = on_device(self.model, self.data.images[[request.image]])
        mode = self.segments if request.mode == "segments" else self.pixels
        return mode.compute(Question(self.subject, request, x, object_mask(self.data, request.image), self.partial))

    def publish(self, result: Result) -> None:
        """The score of the picture first, for it is waited for; then the picture and the fit."""
        views, by_segments = self.views, result.request.mode == "segments"
        display = Display(**self.display.values, outline=True)
        if by_segments:
            views.show_compared(result)
        views.show_input(result, by_segments)
        views.show_scores(result)
        if by_segments:
            views.show_weights(result)
            views.show_map(result, display)
        else:
            views.show_pixels(result, display)
        self._arrange(by_segments)

    def _arrange(self, by_segments: bool) -> None:
        left = (self.input, *([self.views.actions] if by_segments else []), self.gallery)
        for box, shown in ((self.left, left), (self.middle, self.views.arranged(by_segments))):
            if box.children != shown:
                box.children = shown

    def panels(self) -> list[Panel]:
        """The picture, and the maps."""
        return self.views.panels(self.result)

    def summary(self) -> str:
        """What is shown, with its numbers."""
        result, target = self.result, self.result.request.target
        told = f"LIME explorer. Input {self.input.caption}. Explained class: {self.class_names[target]}"
        if result.maps:
            told += "; ".join(f". {each.title}: {each.caption or each.notice}" for each in result.maps)
        elif result.fits:
            scores = (written(value, result.unit) for value in (float(result.scores[target]), result.predicted))
            told += ", network {}, linear model {}. {}".format(*scores, "; ".join(fit_text(result.fits)))
        return f"{told}.".replace("\n", ", ")

    def hidden(self) -> list[Widget]:
        """What is not on the page just now."""
        return self.views.hidden()
