"""Class activation maps, live: point at a thing, and see which maps of a layer speak for it."""

from dataclasses import dataclass
from typing import Any

from ipywidgets import Widget
from torch import Tensor, nn

from xaiwidgets.borrow import borrow
from xaiwidgets.colors import picture
from xaiwidgets.datasets import Dataset
from xaiwidgets.explorers.cam_maps import Channels, Settings, choices, digits_for, explain
from xaiwidgets.explorers.cam_pictures import course_pictures, mask_of, thing_at
from xaiwidgets.explorers.explorer import column, controls, row
from xaiwidgets.explorers.maps import NOTHING, Display, Map, MapRow
from xaiwidgets.explorers.picture_explorer import PictureExplorer, picture_gallery
from xaiwidgets.explorers.pictures import UNKNOWN, logits_of, on_device
from xaiwidgets.explorers.settings import display_controls
from xaiwidgets.views import BarsView, ControlsView, GalleryView, ImageView, Panel


@dataclass(frozen=True)
class Request:
    """What the user has set."""

    image: int
    target: int
    settings: Settings


@dataclass(frozen=True)
class Result:
    """What is shown: the logits `(K,)`, where the explained thing is, its map, and the channels of the layer."""

    request: Request
    mask: Tensor | None
    logits: Tensor
    map: Map
    channels: Channels


class CAMExplorer(PictureExplorer):
    """Choose a picture, a layer and a method; click a thing to explain its class; look at the maps that make the map.

    Without arguments it opens on the course's drawn scenes, also with several things in one picture. With your own:

        CAMExplorer(model, images, class_names=["cat", "dog"])

    Args:
        model: classifier with spatial maps, `(N, C, H, W)` -> logits `(N, K)`; left as it was found.
        images: a `Dataset`, or a tensor `(N, C, H, W)` in [0, 1] with one or three channels. Things are clicked if the
            dataset knows its `objects`.
        labels, class_names, masks: true classes `(N,)`, one name a class, where the object is `(N, H, W)` bool.
        layer: name of the module to begin with; None: the last one with maps.
        variant: "CAM", "Grad-CAM", "Grad-CAM++" or "Guided Grad-CAM", to begin with.

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
        layer: str | None = None,
        variant: str = "Grad-CAM",
    ) -> None:
        self.opening = (layer, variant)
        super().__init__(model, images, labels=labels, class_names=class_names, masks=masks)

    def course_pictures(self) -> Dataset:
        """Pictures with several things, so that there is something to click."""
        return course_pictures()

    def prepare(self) -> None:
        """The layers and methods to choose from."""
        self.specification = choices(self.model, on_device(self.model, self.data.images[:1]), *self.opening)

    def build(self) -> Widget:
        """Picture and gallery on the left; map, channels and scores beside them; controls on the right."""
        clickable = self.data.objects is not None
        self.input = ImageView(
            title="Click a thing to explain it" if clickable else "Input", tool="pick" if clickable else "look"
        )
        self.gallery = picture_gallery(self.data, 400)
        self.maps = MapRow(self.input, 2)
        self.strip = GalleryView(label="Maps that add most", size=40, columns=8)
        self.weights = BarsView(label="Weights of these maps", selected=0, palette="relevance")
        self.scores = BarsView(names=list(self.class_names), label="Class scores (logits)", digits=1)
        self.choices = ControlsView(self.specification, label="What to explain")
        known = self.data.masks is not None or clickable
        display = [item for item in display_controls(known) if item["name"] != "one_scale"]
        self.display = ControlsView(display, {"opacity": 0.7, "contrast": 1}, label="How to show it")
        self.watch_pictures()
        self.input.observe(self._pick, names=["picked"])
        self.strip.observe(self._choose_channel, names=["selected"])
        self.weights.observe(self._choose_channel, names=["selected"])
        self.display.observe(lambda change: self.show_again(), names=["values"])
        for view, name in ((self.scores, "selected"), (self.choices, "values")):
            view.observe(self.update, names=[name])
        left = column(self.input, self.gallery, width="212px")
        for view in self.maps.views:
            view.layout.min_height = "360px"  # room for every line: what stands below keeps its place
        middle = column(self.maps.widget, self.strip, row(self.weights, self.scores), width="456px")
        return row(left, middle, controls(self.choices, self.display))

    def leave_picture(self) -> None:
        """No pixel is picked."""
        self.input.picked = None

    def _pick(self, change: Any) -> None:
        """Explain the class of the thing that was clicked."""
        if change.new is None:
            return
        thing = thing_at(self.data, self.gallery.selected or 0, tuple(change.new))
        if thing in self.class_names:
            self.status.message = f"explains: {thing}"
            self.scores.selected = self.class_names.index(thing)
        else:
            what = "there is no known thing" if thing is None else f"{thing} is no class of the model"
            self.status.message = f"{what}: click another place, or choose a class in the list"

    def _choose_channel(self, change: Any) -> None:
        """Show the chosen map large; strip and bars agree."""
        for view in (self.strip, self.weights):
            view.selected = change.new
        self.show_again(self._show_maps)

    def request(self) -> Request:
        """What the user has set."""
        values = self.choices.values
        settings = Settings(*(values[name] for name in ("layer", "variant", "upsampling", "relu")))
        return Request(self.gallery.selected or 0, self.scores.selected or 0, settings)

    def compute(self, request: Request) -> Result:
        """The map of the chosen class, and the channels it is made of."""
        x, model = on_device(self.model, self.data.images[[request.image]]), borrow(self.model)
        logits = logits_of(model, x)[0]
        if not 0 <= request.target < len(logits):
            raise ValueError(f"target must be a class index from 0 to {len(logits) - 1}, got {request.target}")
        thing = self.class_names[request.target]
        mask = mask_of(self.data, request.image, request.target, thing)
        graded = thing if self._knows_things(request.image) else ""
        found, channels = explain(model, x, request.target, request.settings, graded, mask)
        return Result(request, mask, logits, found, channels)

    def _knows_things(self, index: int) -> bool:
        """Whether it is known what picture `index` shows; not for a picture that the reader added."""
        truth = self.data.masks if self.data.objects is None else self.data.objects
        return truth is not None and int(self.data.labels[index]) != UNKNOWN

    def publish(self, result: Result) -> None:
        """Write maps, channels, picture and scores to the views; the maps first, for they are waited for."""
        self._show_maps(result)
        channels = result.channels
        names = [f"map {number}" for number in channels.numbers]
        with self.strip.hold_sync():
            self.strip.images, self.strip.labels = channels.thumbnails(), [str(n) for n in channels.numbers]
        with self.weights.hold_sync():
            self.weights.names, self.weights.values = names, channels.weights
            self.weights.digits = digits_for(channels.weights)
        with self.input.hold_sync():
            self.input.image = picture(self.data.images[result.request.image])
            outlined = self.display.values.get("outline") and result.mask is not None
            self.input.outline = result.mask if outlined else NOTHING
            self.input.caption = self._verdict(result)
            self.input.alt = f"Picture. {self._verdict(result)}. Pick a pixel of a thing to explain its class."
        self.scores.values = result.logits

    def _show_maps(self, result: Result) -> None:
        chosen = min(self.strip.selected or 0, len(result.channels.numbers) - 1)
        pixels = picture(self.data.images[result.request.image])
        display = Display(one_scale=False, **self.display.values)
        self.maps.show([result.map, result.channels.shown(chosen)], pixels, result.mask, display)

    def _verdict(self, result: Result) -> str:
        target = self.class_names[result.request.target]
        return f"seen as {self.class_names[int(result.logits.argmax())]}\nexplained: {target}"

    def panels(self) -> list[Panel]:
        """The picture, its map, and the chosen channel."""
        return [Panel(self.input.image, "Picture", self.input.caption), *self.maps.panels()]

    def summary(self) -> str:
        """What is shown, with its numbers."""
        settings, found = self.result.request.settings, self.result.map
        told = (
            f"CAM explorer. Picture {self._verdict(self.result)}. {found.title}, layer {settings.layer}, "
            f"{settings.upsampling}: {found.caption or found.notice}."
        )
        return told.replace("\n", ", ")

    def hidden(self) -> list[Widget]:
        """The views of the maps."""
        return self.maps.hidden()
