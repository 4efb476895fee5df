"""How the shortcut explorer looks: the picture to paint on, a column for each network, what to choose."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from ipywidgets import Widget
from torch import Tensor

from xaiwidgets.colors import picture
from xaiwidgets.explorers.answers import Answer
from xaiwidgets.explorers.explorer import column, heading, row
from xaiwidgets.explorers.guess import areas, placeholder, shares, tinted
from xaiwidgets.explorers.maps import NOTHING, Display, Map, MapRow
from xaiwidgets.explorers.tagged import TaggedPictures
from xaiwidgets.methods import ATTRIBUTIONS
from xaiwidgets.views import BarsView, ControlsView, GalleryView, ImageView, Panel


@dataclass(frozen=True)
class Shown:
    """What is shown: a picture `(C, H, W)`, its true class, the regions a network may look at, and the answers."""

    image: Tensor
    label: int | None
    tagged: bool
    revealed: bool
    regions: dict[str, Tensor]
    answers: dict[str, Answer]


class ShortcutViews:
    """The views of a `ShortcutExplorer` and their arrangement, `widget`; `show` writes to them."""

    def __init__(
        self, networks: list[str], class_names: tuple[str, ...], pictures: TaggedPictures, method: str
    ) -> None:
        self.class_names, self.tag = class_names, pictures.name
        self.input = ImageView(tool="brush")
        self.maps = MapRow(self.input, len(networks))
        look = {"limits": (0, 1), "notation": "percent", "digits": 0, "order": "sorted", "maximum": 4}
        self.bars = [BarsView(names=list(class_names), label=f"{name}: probabilities", **look) for name in networks]
        self.actions = ControlsView(_actions(False, self.tag), label="Reveal, and change the picture")
        self.options = ControlsView(_options(method, pictures.data.images.shape[-1]), label="How to explain")
        labels = [] if pictures.label(0) is None else [class_names[label] for label in pictures.data.labels]
        thumbnails = picture(pictures.thumbnails())
        self.gallery = GalleryView(images=thumbnails, labels=labels, label="Pictures", size=56, height=250)
        self.widget = self._arranged()

    def _arranged(self) -> Widget:
        # Room for every line of text: what stands below a picture keeps its place.
        self.input.layout.min_height = "335px"
        for view in self.maps.views:
            view.layout.min_height = "376px"
        self.actions.layout.padding = "5px"  # for the ring around what has the focus
        who = "networks look" if len(self.bars) > 1 else "network looks"
        last = f" Put the {self.tag} on, or take it off." if self.tag else ""
        steps = heading(f"Choose a picture. Paint where you think the {who}. Reveal.{last}")
        left = column(self.input, self.actions, width="224px")
        nets = [column(view, bars, width="224px") for view, bars in zip(self.maps.views, self.bars, strict=True)]
        return column(steps, row(left, *nets, column(self.gallery, self.options, width="300px")))

    def guess(self) -> Tensor | None:
        """Where the user has painted, `(H, W)` bool; None where nothing is painted."""
        painted = torch.from_numpy(self.input.brushed.astype(bool))
        return painted if painted.any() else None

    def begin(self, tagged: bool) -> None:
        """Forget the guess and the chosen classes, and set the switch."""
        self.input.radius, self.input.brushed = self.options.values["brush"], NOTHING
        self.ask_again()
        if self.tag:
            self.actions.values = {"tag": tagged}

    def ask_again(self) -> None:
        """Explain each network's own answer, no chosen class."""
        for bars in self.bars:
            bars.selected = None

    def show(self, shown: Shown) -> None:
        """Write the picture, the answers, and the maps or what stands for them."""
        guess = self.guess()
        self._show_picture(shown, guess)
        for bars, each in zip(self.bars, shown.answers.values(), strict=True):
            with bars.hold_sync():
                bars.values, bars.highlight = each.probabilities, shown.label
        maps = [self._map(name, each, shown, guess) for name, each in shown.answers.items()]
        pixels = picture(shown.image) if shown.revealed else placeholder(*shown.image.shape[-2:])
        display = Display(self.options.values["opacity"], contrast=2, outline=shown.revealed)
        self.maps.show(maps, pixels, guess, display)
        self.actions.specification = _actions(shown.revealed, self.tag)

    def _show_picture(self, shown: Shown, guess: Tensor | None) -> None:
        what = [] if shown.label is None else [self.class_names[shown.label]]
        what += [f"{'with' if shown.tagged else 'no'} {self.tag}"] if self.tag else []
        with self.input.hold_sync():
            self.input.image = picture(shown.image)
            self.input.title = ", ".join(what) or "Picture"
            self.input.caption = areas(shown.regions if guess is None else {**shown.regions, "your paint": guess})
            self.input.alt = f"Picture to paint on: {self.input.title}"

    def _map(self, name: str, each: Answer, shown: Shown, guess: Tensor | None) -> Map:
        wrong = ", wrong" if shown.label not in (None, each.best) else ""
        said = f"{name} says {self.class_names[each.best]}{wrong}"
        if each.why is None:
            return Map(said, None, "hidden until you press Reveal")
        why = f"Why {self.class_names[each.target]}? The red lies\n"
        caption = "" if each.why.values is None else why + shares(each.why.values, shown.regions, guess)
        return replace(each.why, title=said, caption=caption)

    def panels(self) -> list[Panel]:
        """The picture with the guess on it, and the maps."""
        painted = tinted(self.input.image, self.guess())
        return [Panel(painted, self.input.title, self.input.caption), *self.maps.panels()]

    def hidden(self) -> list[Widget]:
        """The row of the maps, which stand in columns of their own here, and what belongs to it."""
        return [*self.maps.hidden(), self.maps.widget.layout, self.maps.widget]


def _actions(revealed: bool, tag: str | None) -> list[dict[str, Any]]:
    reveal = {"name": "reveal", "kind": "button", "label": "Hide the maps" if revealed else "Reveal"}
    return [reveal, {"name": "tag", "label": tag.capitalize(), "kind": "flag"}] if tag else [reveal]


def _options(method: str, width: int) -> list[dict[str, Any]]:
    help_text = "Red speaks for the class, blue against it."
    half = {"step": 0.5, "minimum": 0.5, "maximum": max(width / 8, 1), "default": max(round(width / 10) / 2, 0.5)}
    return [
        {"name": "method", "label": "Explanation", "kind": "choice", "options": list(ATTRIBUTIONS), "default": method,
         "help": help_text},
        {"name": "opacity", "label": "Opacity of the maps", "kind": "range", "minimum": 0, "maximum": 1, "step": 0.05,
         "default": 0.8},
        {"name": "brush", "label": "Radius of the brush", "kind": "range", "unit": "pixels", **half},
    ]  # fmt: skip
