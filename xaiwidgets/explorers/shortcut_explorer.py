"""A net that scores well for the wrong reason: guess where it looks, reveal, and take its excuse away."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ipywidgets import Widget
from torch import Tensor, nn

from xaiwidgets.datasets import Dataset, add_tag
from xaiwidgets.explorers.answers import answer, by_name, changes
from xaiwidgets.explorers.explorer import Explorer
from xaiwidgets.explorers.pictures import as_dataset, named_classes
from xaiwidgets.explorers.shortcut_views import ShortcutViews, Shown
from xaiwidgets.explorers.tagged import Tag, course_pictures, tagged_pictures
from xaiwidgets.methods import ATTRIBUTIONS
from xaiwidgets.models import load_model
from xaiwidgets.views import Panel

GALLERY = 60  # pictures to choose from


@dataclass(frozen=True)
class Request:
    """What the user has set. `method` None: the maps stay hidden; a target None: the class the network answers."""

    image: int
    tagged: bool
    targets: tuple[int | None, ...]
    method: str | None


@dataclass(frozen=True)
class Result:
    """A request and what is shown for it."""

    request: Request
    shown: Shown


class ShortcutExplorer(Explorer):
    """Paint where you think a network looks, reveal where it does, and add or remove a caption tag.

    Without arguments: the course's scenes, and two networks of which one has learned that a tag means boat. Your own:

        ShortcutExplorer({"ours": model}, images, tag=add_watermark, tag_name="watermark")

    Args:
        models: one to three classifiers by name, or a single one, `(N, C, H, W)` -> logits `(N, K)`; left as they were.
        images: a `Dataset`, or a tensor `(N, C, H, W)` in [0, 1] with one or three channels, without the tag; the
            first 60 are offered.
        labels, class_names, masks: true classes `(N,)`, one name a class, where the object is `(N, H, W)` bool.
        tag: puts the suspected shortcut into pictures `(N, C, H, W)`; None: the switch is left out.
        tagged, tag_name: which pictures begin with the tag, `(N,)` bool; and what it is called.
        method, revealed: name of the explanation in `ATTRIBUTIONS`; whether to begin with the maps shown.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """

    def __init__(
        self,
        models: Mapping[str, nn.Module] | nn.Module | None = None,
        images: Dataset | Tensor | None = None,
        *,
        labels: Tensor | None = None,
        class_names: list[str] | None = None,
        masks: Tensor | None = None,
        tag: Tag | None = add_tag,
        tagged: Tensor | None = None,
        tag_name: str = "caption tag",
        method: str = "Gradient x input",
        revealed: bool = False,
    ) -> None:
        if models is None:
            models = {"Network A": load_model("scenes-cnn"), "Network B": load_model("scenes-shortcut")}
        if images is None:
            images, tagged = course_pictures()
        if method not in ATTRIBUTIONS:
            raise ValueError(f"method must be one of {', '.join(ATTRIBUTIONS)}, got {method!r}")
        self.models = by_name(models)
        data = as_dataset(images, labels, class_names, masks)
        self.class_names, *_ = [named_classes(model, data) for model in self.models.values()]
        tagged = None if tagged is None else tagged[:GALLERY]
        self.pictures = tagged_pictures(data[:GALLERY], tag, tagged, tag_name)
        self.method, self.revealed = method, revealed
        self.last: Result | None = None
        super().__init__(next(iter(self.models.values())))

    def build(self) -> Widget:
        """The views, and what happens when they change."""
        self.views = ShortcutViews(list(self.models), self.class_names, self.pictures, self.method)
        self._begin()
        self.views.gallery.observe(self._other_picture, names=["selected"])
        self.views.actions.observe(self._act, names=["values"])
        self.views.options.observe(self._set_options, names=["values"])
        self.views.input.observe(lambda change: self.show_again(), names=["brushed"])
        for bars in self.views.bars:
            bars.observe(self.update, names=["selected"])
        return self.views.widget

    def reveal(self, shown: bool = True) -> None:
        """Show the maps, or hide them again."""
        self.revealed = shown
        self.update()

    def _begin(self) -> None:
        self.views.begin(tagged=bool(self.pictures.begins[self.views.gallery.selected or 0]))

    def _other_picture(self, _change: Any) -> None:
        self.revealed = False
        self._begin()
        self.update()

    def _act(self, change: Any) -> None:
        if change.old["reveal"] != change.new["reveal"]:
            self.revealed = not self.revealed
        if change.old.get("tag") != change.new.get("tag"):
            self.views.ask_again()
        self.update()

    def _set_options(self, change: Any) -> None:
        self.views.input.radius = change.new["brush"]
        (self.update if change.old["method"] != change.new["method"] else self.show_again)()

    def request(self) -> Request:
        """What the user has set."""
        return Request(
            image=self.views.gallery.selected or 0,
            tagged=self.views.actions.values.get("tag", False),
            targets=tuple(bars.selected for bars in self.views.bars),
            method=self.views.options.values["method"] if self.revealed else None,
        )

    def compute(self, request: Request) -> Result:
        """Ask every network, and explain its answer if the maps are revealed."""
        index, tagged = request.image, request.tagged
        image = self.pictures.image(index, tagged)
        asked = zip(self.models.items(), request.targets, strict=True)
        answers = {name: answer(model, image, target, request.method) for (name, model), target in asked}
        revealed, regions = request.method is not None, self.pictures.regions(index, tagged)
        return Result(request, Shown(image, self.pictures.label(index), tagged, revealed, regions, answers))

    def publish(self, result: Result) -> None:
        """Write the result to the views, and say what the tag has changed."""
        self.views.show(result.shown)
        old, self.last = self.last, result
        if old is not result:
            self.status.message = self._changes(old, result)

    def _changes(self, old: Result | None, new: Result) -> str:
        if old is None or old.request.image != new.request.image or old.request.tagged == new.request.tagged:
            return ""
        return changes(old.shown.answers, new.shown.answers, self.class_names)

    def panels(self) -> list[Panel]:
        """The picture with the guess on it, and the maps."""
        return self.views.panels()

    def summary(self) -> str:
        """What is shown, with its numbers."""
        first, *maps = self.panels()
        answers = zip(maps, self.result.shown.answers.values(), strict=True)
        said = [f"{panel.title} ({each.probabilities.max():.0%}); {panel.caption}" for panel, each in answers]
        what = "; ".join(filter(None, (first.title, first.caption)))
        return f"Shortcut explorer. Picture: {what}. {'. '.join(said)}.".replace("\n", ", ")

    def hidden(self) -> list[Widget]:
        """What is not among the children."""
        return self.views.hidden()
