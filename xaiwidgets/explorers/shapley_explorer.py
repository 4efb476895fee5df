"""Shapley values of the parts of a picture, live: exact ones, and estimates that converge to them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from ipywidgets import Widget
from torch import Tensor

from xaiwidgets.colors import picture
from xaiwidgets.explorers.explorer import column, controls, row
from xaiwidgets.explorers.maps import NOTHING, Display, Map, MapRow
from xaiwidgets.explorers.picture_explorer import PictureExplorer, picture_gallery
from xaiwidgets.explorers.pictures import logits_of, object_mask, on_device
from xaiwidgets.explorers.settings import display_controls
from xaiwidgets.explorers.shapley_estimates import Estimates, Known, Settings, estimates, last_of
from xaiwidgets.explorers.shapley_panel import NAMES, EstimatesPanel, middle, show_part
from xaiwidgets.explorers.shapley_tables import number
from xaiwidgets.methods.fills import FILLS, hidden
from xaiwidgets.methods.shapley_game import Game
from xaiwidgets.methods.shapley_games import picture_game
from xaiwidgets.methods.superpixels import superpixels
from xaiwidgets.views import BarsView, ControlsView, ImageView, Panel

CUTS = {"superpixels": "slic", "grid": "grid"}


@dataclass(frozen=True)
class Request:
    """What the user has set."""

    image: int
    target: int
    cut: str
    players: int
    fill: str
    output: str
    settings: Settings


@dataclass(frozen=True)
class Result:
    """What is shown: the players' labels `(H, W)`, their game, the class scores, and what is known of the values."""

    request: Request
    labels: Tensor
    game: Game
    logits: Tensor
    known: Estimates


class ShapleyExplorer(PictureExplorer):
    """Which part of the picture earned how much of the score? The parts are the players of a game.

    Click parts in and out and see what the coalition is worth; compare the exact Shapley values, for which all `2^N`
    coalitions are asked, with random orders and KernelSHAP, and watch the estimates converge with their error bars.

    Without arguments it opens on the course's drawn scenes and the net that was trained on them. With your own:

        ShapleyExplorer(model, images, class_names=["cat", "dog"])

    Args:
        model: classifier, `(N, C, H, W)` -> logits `(N, K)`; left as it was found.
        images: a `Dataset`, or a tensor `(N, C, H, W)` in [0, 1] with one or three channels; the first 60 are offered.
        labels: true classes, `(N,)`.
        class_names: one name a class.
        masks: where the object is, `(N, H, W)` bool.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """

    columns = 3

    def build(self) -> Widget:
        """Picture, gallery and scores on the left, maps over bars and curve beside them, controls on the right."""
        self.input = ImageView(title="Click parts in and out", tool="pick")
        self.gallery = picture_gallery(self.data, 146)
        self.scores = BarsView(names=list(self.class_names), label="Class scores (logits)", digits=1)
        self.maps, self.panel = MapRow(self.input, len(NAMES)), EstimatesPanel()
        self.choices = ControlsView(_choices(), label="Players")
        self.display = ControlsView(_display(self.data.masks is not None), label="How to show it")
        self.members: Tensor | None = None  # who takes part, (n,) bool; None: everyone
        self.watch_pictures()
        for view, name in ((self.scores, "selected"), (self.panel.controls, "values")):
            view.observe(self.update, names=[name])
        self.choices.observe(self._other_choices, names=["values"])
        self.input.observe(self._clicked, names=["picked"])
        self.panel.bars.observe(lambda change: show_part(self, self._show_coalition), names=["selected"])
        self.display.observe(lambda change: self.show_again(), names=["values"])
        left = column(self.input, self.gallery, self.scores, width="212px")
        return row(
            left, middle(self.maps.widget, self.panel.widget), controls(self.choices, self.panel.controls, self.display)
        )

    def leave_picture(self) -> None:
        """Another picture has other parts: all of them take part."""
        self.members, self.input.picked = None, None

    def _other_choices(self, change: Any) -> None:
        if self.result is None:
            return
        old, new = change.old, change.new
        if any(old.get(name) != new[name] for name in ("everyone", "nobody")):
            full = old.get("everyone") != new["everyone"]
            self.members = torch.full((self.result.game.players,), full)
            show_part(self, self._show_coalition)
            return
        if any(old.get(name) != new[name] for name in ("cut", "players")):
            self.leave_picture()
        self.update()

    def _clicked(self, change: Any) -> None:
        """Take the part that was clicked out of the coalition, or back in."""
        if change.new is None or self.result is None:
            return
        members = self._members(self.result)
        player = int(self.result.labels[change.new])
        members[player] = ~members[player]
        self.members = members
        self.input.picked = None  # the same part may be clicked again
        show_part(self, self._show_coalition)

    def _members(self, result: Result) -> Tensor:
        """Who takes part, `(n,)` bool."""
        count = result.game.players
        fits = self.members is not None and len(self.members) == count
        return self.members.clone() if fits else torch.ones(count, dtype=torch.bool)

    def request(self) -> Request:
        """What the user has set."""
        values = self.choices.values
        return Request(
            image=self.gallery.selected or 0,
            target=self.scores.selected or 0,
            cut=values["cut"],
            players=values["players"],
            fill=values["fill"],
            output=values["output"],
            settings=self.panel.settings,
        )

    def compute(self, request: Request) -> Result:
        """Cut the picture, and estimate what each part is worth; partial results are shown on the way."""
        return last_of(self.growing(request), self.partial)

    def growing(self, request: Request) -> Iterator[Result]:
        """The result for a request, again and again while it grows."""
        x = on_device(self.model, self.data.images[[request.image]])
        labels = superpixels(x[0], CUTS[request.cut], request.players).cpu()
        game = picture_game(
            self.model, x, request.target, labels.to(x.device), fill=request.fill, output=request.output
        )
        logits = logits_of(self.model, x)[0]
        for known in estimates(game, request.settings):
            yield Result(request, labels, game, logits, known)

    def publish(self, result: Result) -> None:
        """Write maps, picture, bars, curve and costs to the views; the maps first, for they are waited for."""
        request, known = result.request, result.known
        image, mask = self.data.images[request.image], object_mask(self.data, request.image)
        maps = [self._map(name, result) for name in NAMES]
        self.maps.show(maps, picture(image), mask, Display(**self.display.values))
        self.panel.show(known, player_names(result.labels))
        self.scores.values = result.logits
        self._show_coalition(result)

    @staticmethod
    def _map(name: str, result: Result) -> Map:
        """A method's values, each on the pixels of its part."""
        known, title = result.known, NAMES[name]
        found: Known | None = getattr(known, name)
        if found is None:
            refused = known.refused.get(name, "")
            return Map(title, None, refused, "no values" if refused else "not computed yet")
        whole = f"sum {number(float(found.values.sum()))}"
        sizes = "" if name == "exact" else f"\nstandard error ≤ {number(float(found.errors.nan_to_num().max()), 3)}"
        return Map(title, found.values.cpu()[result.labels], f"{whole} · {found.evaluations:,} evaluations{sizes}")

    def _show_coalition(self, result: Result) -> None:
        """The picture as the net sees it when only the coalition takes part, and what that is worth."""
        members, request = self._members(result), result.request
        image = self.data.images[[request.image]]
        seen = hidden(image, ~members[result.labels][None], request.fill)[0]
        value, count = float(result.game(members[None])[0]), int(members.sum())
        chosen = result.labels == self.panel.chosen
        with self.input.hold_sync():
            self.input.image, self.input.regions = picture(seen), result.labels + 1  # as they are named
            self.input.outline = chosen if self.panel.bars.selected is not None else NOTHING
            self.input.caption = f"v(S) = {number(value, 3)}\n{count} of {len(members)} parts take part"
            self.input.alt = f"Picture of {self.class_names[request.target]}: {self.input.caption}."

    def panels(self) -> list[Panel]:
        """The picture, its maps, the bars and one player's course."""
        shown = Panel(self.input.image, "The coalition", self.input.caption)
        return [shown, *self.maps.panels(), *self.panel.panels()]

    def summary(self) -> str:
        """What is shown, with its numbers."""
        result, name = self.result, self.class_names[self.result.request.target]
        told = (
            f"Shapley explorer. {result.game.players} parts of a picture play for the {result.request.output} of the "
            f"class {name}; {self.input.caption}. {self.panel.told()}"
        )
        return told.replace("\n", ", ").strip()

    def hidden(self) -> list[Widget]:
        """The maps that are not shown."""
        return self.maps.hidden()


def player_names(labels: Tensor) -> list[str]:
    """A name for each part: its number, and where its middle lies in the picture."""
    rows, columns = labels.shape
    names = []
    for player in range(int(labels.max()) + 1):
        row_, column_ = (float(each.float().mean()) for each in (labels == player).nonzero().T)
        high = "top" if row_ < rows / 3 else "bottom" if row_ >= 2 * rows / 3 else "middle"
        wide = "left" if column_ < columns / 3 else "right" if column_ >= 2 * columns / 3 else "centre"
        names.append(f"{player + 1} {high} {wide}")
    return names


def _choices() -> list[dict[str, Any]]:
    return [
        {"name": "cut", "label": "The players are", "kind": "choice", "options": list(CUTS), "default": "grid"},
        {"name": "players", "label": "Players, about", "kind": "range", "minimum": 2, "maximum": 64, "log": True,
         "integer": True, "default": 9},
        {"name": "everyone", "label": "Everyone in", "kind": "button"},
        {"name": "nobody", "label": "Everyone out", "kind": "button"},
        {"name": "fill", "label": "Who is out is replaced by", "kind": "choice", "options": list(FILLS),
         "default": "blur"},
        {"name": "output", "label": "v(S) is the", "kind": "choice", "options": ["score", "probability", "log-odds"]},
    ]  # fmt: skip


def _display(masks: bool) -> list[dict[str, Any]]:
    """As for every explorer, but the picture shines through: parts have one colour each."""
    return [item | ({"default": 0.7} if item["name"] == "opacity" else {}) for item in display_controls(masks)]
