"""Activation maximization, live: what does the net want to see? Watch prototypes grow under several regularisers."""

from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from ipywidgets import Widget
from torch import Tensor, nn

from xaiwidgets.colors import picture
from xaiwidgets.datasets import Dataset
from xaiwidgets.explorers.explorer import Explorer, column, controls, row
from xaiwidgets.explorers.pictures import as_dataset, with_picture
from xaiwidgets.explorers.prototype_choices import CLASS, MODES, Wishes, in_layer
from xaiwidgets.explorers.prototype_runs import CHOSEN, Run, Square, Trail, at_step, growing
from xaiwidgets.explorers.prototype_subject import COURSE, Subject, course_subject, own_subject
from xaiwidgets.explorers.prototype_views import CURVES, WIDTH, PrototypeViews
from xaiwidgets.methods.experts import Expert
from xaiwidgets.views import ControlsView, GalleryView, Panel

HELP = "density: how natural the pictures are"
KEPT = 40  # runs that are kept, to be shown again at once


@dataclass(frozen=True)
class Request:
    """What the user has set: the squares, and whose settings are shown."""

    subject: Subject
    squares: tuple[Square, ...]
    chosen: int  # number of the square whose class scores are shown
    target: int  # the class


@dataclass(frozen=True)
class Result:
    """The trail of every square, as far as it is known."""

    request: Request
    trails: tuple[Trail, ...]
    finished: bool


class PrototypeExplorer(Explorer):
    """What does the net want to see? Prototypes of a class or a channel grow under several regularisers side by side.

    Without arguments it opens on the course's nets. With your own:

        PrototypeExplorer(model, images, class_names=["cat", "dog"], expert=GaussianExpert.fit(images))

    Args:
        model: classifier, `(N, C, H, W)` -> logits `(N, K)`, left as it was found; None: the course's.
        images: a `Dataset`, or a tensor `(N, C, H, W)` in [0, 1] with one or three channels; the first 60 are offered.
        labels: true classes, `(N,)`.
        class_names: one name a class.
        expert: a density model of such pictures; None: what needs one is left out.
        decoder: from codes to such pictures; None: the code space is left out.
        judge: another density model, that says how natural a prototype is; None: the expert does.
        net: "scenes-cnn", "digits-cnn" or "scenes-shortcut", to begin with, where no model is given.
        mode: "regularisers", "several" or "layers", to begin with.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """

    columns = 4

    def __init__(
        self,
        model: nn.Module | None = None,
        images: Dataset | Tensor | None = None,
        *,
        labels: Tensor | None = None,
        class_names: list[str] | None = None,
        expert: Expert | None = None,
        decoder: nn.Module | None = None,
        judge: Expert | None = None,
        net: str = "scenes-cnn",
        mode: str = "regularisers",
    ) -> None:
        for name, value, known in (("net", net, COURSE), ("mode", mode, MODES)):
            if value not in known:
                raise ValueError(f"{name} must be one of {', '.join(map(repr, known))}, got {value!r}")
        if model is None:
            self.subject = course_subject(net)
        else:
            if images is None:
                raise TypeError("images must be given with a model: real pictures (N, C, H, W) to begin with")
            data = as_dataset(images, labels, class_names)
            self.subject = own_subject(model, data, expert, decoder, judge)
        self.mode = mode
        super().__init__(self.subject.model)
        self.update()  # so far the first frame is shown: the rest grows in the background

    def build(self) -> Widget:
        """Real picture, gallery and class scores on the left, prototypes and curves beside them, controls right."""
        self.views = PrototypeViews()
        self.input, self.scores = self.views.input, self.views.scores
        self.gallery = GalleryView(
            images=picture(self.subject.data.images), label="Pictures", size=44, height=104, selected=None, upload=True
        )
        self.known: dict[Run, tuple[Trail, ...]] = {}
        self.step: float | None = None  # where the line was dragged to; None: it follows
        self.scores.names, self.scores.selected = list(self.subject.class_names), 0
        self.wishes = Wishes(self.subject, self.mode, self._changed)
        self.display = ControlsView(
            [{"name": "curve", "label": "Curve of", "kind": "choice", "options": list(CURVES), "help": HELP}],
            label="How to show it",
        )
        self.display.observe(lambda change: self.show_again(self._show_curves), names=["values"])
        self.scores.observe(self._other_class, names=["selected"])
        self.views.curves.observe(self._scrubbed, names=["marker"])
        self.gallery.observe(self._other_picture, names=["selected"])
        self.gallery.observe(self._add_image, names=["added"])
        left = column(self.input, self.gallery, self.scores, width="200px")
        middle = column(self.views.heading, self.views.grid, self.views.curves, width=f"{WIDTH}px")
        return row(left, middle, controls(self.wishes.choices, self.wishes.settings, self.display))

    def _changed(self) -> None:
        """Another wish, which may be another net: its pictures and classes, too."""
        net = self.wishes.values["net"]
        if net != self.subject.net:
            self.subject = course_subject(net)
            self.wishes.look_at(self.subject)
            self.gallery.selected = None
            self.gallery.images = picture(self.subject.data.images)
            self.scores.selected = min(self.scores.selected or 0, len(self.subject.class_names) - 1)
            self.wishes.lay()
        if self.wishes.values["start"] == CHOSEN and self.gallery.selected is None:
            self.gallery.selected = 0
        self.update()

    def _other_class(self, change: Any) -> None:
        """A class was chosen among the scores: it is what is maximised."""
        if change.new is not None and self.result is not None:
            self.wishes.lay(target=CLASS if in_layer(self.wishes.values) else self.wishes.values["target"])
            self.update()

    def _other_picture(self, change: Any) -> None:
        """A real picture was chosen: begin there, and stay near."""
        if change.new is not None and self.result is not None:
            self.wishes.lay(start=CHOSEN)
            self.update()

    def _add_image(self, change: Any) -> None:
        """Append a picture of the reader's own, and choose it."""
        self.subject = replace(self.subject, data=with_picture(self.subject.data, change.new))
        self.wishes.look_at(self.subject)
        self.known.clear()  # the best real picture may be another
        self.gallery.images = picture(self.subject.data.images)
        self.gallery.selected = len(self.subject.data) - 1

    def _scrubbed(self, change: Any) -> None:
        """The line in the curves was moved: show the prototypes of that step."""
        newest = self.views.newest
        if self.result is None or change.new is None or change.new == (newest if self.step is None else self.step):
            return
        self.step = None if change.new >= newest else change.new
        self.show_again(self._show_step)

    def request(self) -> Request:
        """What the user has set."""
        target = self.scores.selected or 0
        squares = self.wishes.squares(target, self.gallery.selected or 0)
        return Request(self.subject, tuple(squares), self.wishes.chosen(squares), target)

    def compute(self, request: Request) -> Result:
        """Let the prototypes grow, and show every frame; when the explorer opens, only the first."""
        runs, opening = list(dict.fromkeys(square.run for square in request.squares)), self.result is None
        with closing(growing(request.subject, runs, self.known)) as steps:
            for finished in steps:
                trails = tuple(self.known[square.run][square.place] for square in request.squares)
                result = Result(request, trails, finished)
                if finished or opening:
                    break
                self.partial(result)
        while len(self.known) > KEPT:
            self.known.pop(next(iter(self.known)))
        return result

    def publish(self, result: Result) -> None:
        """Write the prototypes to the views; the pictures first, for they are waited for."""
        if self.result is None or self.result.request.squares != result.request.squares:
            self.step = None  # other prototypes: the line follows them
        self._show_squares(result)
        self._show_curves(result)
        self._show_scores(result)
        self.views.show_input(result.request.subject, result.request.squares[0])
        if result.finished:
            self.status.message = f"{len(result.trails)} prototypes after {self._step(result)} steps"  # spoken

    def _show_squares(self, result: Result) -> None:
        request = result.request
        self.views.show_squares(request.subject, request.squares, result.trails, self.step)

    def _show_curves(self, result: Result) -> None:
        request, kind = result.request, self.display.values["curve"]
        self.views.show_curves(request.subject, request.squares, result.trails, kind, self.step)

    def _show_scores(self, result: Result) -> None:
        request = result.request
        moment = at_step(result.trails[request.chosen], self.step)
        self.views.show_scores(request.subject, request.squares[request.chosen], moment)

    def _show_step(self, result: Result) -> None:
        self._show_squares(result)
        self._show_scores(result)

    def panels(self) -> list[Panel]:
        """The real picture, the prototypes and their curves."""
        return self.views.panels(len(self.result.request.squares))

    def _told(self, result: Result) -> str:
        """Every prototype in a few words."""
        views = zip(result.request.squares, self.views.squares, strict=False)
        return "; ".join(f"{square.title}: {view.caption}" for square, view in views).replace("\n", ", ")

    def summary(self) -> str:
        """What is shown, with its numbers."""
        result = self.result
        what, subject = result.request.squares[result.request.chosen].run, result.request.subject
        channel = what.unit.channel
        target = subject.class_names[channel] if what.layer is None else f"{what.layer}, channel {channel}"
        return f"Prototype explorer. What maximises {target}, after {self._step(result)} steps. {self._told(result)}."

    def _step(self, result: Result) -> int:
        """The step that is shown."""
        return max(at_step(trail, self.step).step for trail in result.trails)

    def hidden(self) -> list[Widget]:
        """What is not on the page just now."""
        return self.views.hidden()
