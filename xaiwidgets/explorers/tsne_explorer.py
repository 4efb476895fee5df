"""t-SNE, live: points move while the map is learned."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from ipywidgets import Widget
from torch import Tensor, nn

from xaiwidgets.datasets import Dataset, load_dataset
from xaiwidgets.explorers import tsne_learning
from xaiwidgets.explorers.explorer import Explorer, column, controls, row
from xaiwidgets.explorers.gradients_explorer import GradientsExplorer
from xaiwidgets.explorers.tsne_controls import (
    OPEN,
    setting_controls,
    shown_controls,
)
from xaiwidgets.explorers.tsne_pictures import map_panel
from xaiwidgets.explorers.tsne_player import Player
from xaiwidgets.explorers.tsne_points import FEW, subject_of
from xaiwidgets.explorers.tsne_result import Request, Result, Start
from xaiwidgets.explorers.tsne_views import TSNEViews, counted, pca_words
from xaiwidgets.methods.tsne import learning_tsne
from xaiwidgets.methods.tsne_affinities import check_perplexity
from xaiwidgets.models import load_model
from xaiwidgets.parameters import parameters_of
from xaiwidgets.progress import Cancelled
from xaiwidgets.views import ControlsView, Panel


class TSNEExplorer(Explorer):
    """Watch a t-SNE map while it is learned; stop it, go back, change what it depends on, and pick points.

    Without arguments it opens on real digits and the course's net for them, of which each layer can be mapped. With
    your own:

        TSNEExplorer(model, images, class_names=["cat", "dog"])

    It begins to learn when it is shown.

    Args:
        model: classifier, `(N, C, H, W)` -> logits `(N, K)`; left as it was found. None: with the course's digits the
            course's net, with your own pictures none, and the pixels are mapped.
        images: a `Dataset`, a tensor `(N, C, H, W)` in [0, 1] with one or three channels, or a table `(N, D)`; at most
            5,000 points are used.
        labels: true classes, `(N,)`.
        class_names: one name a class.
        layer: what is mapped to begin with, such as "pixels" or the name of a layer; None: pixels, or the columns.
        perplexity: effective number of neighbours, to begin with.
        iterations: steps of gradient descent.
        learned: whether the map is learned before it is shown.

    Attributes:
        picked: the points inside the lasso, as a `Dataset` for another explorer.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """

    columns = 2

    def __init__(
        self,
        model: nn.Module | None = None,
        images: Dataset | Tensor | None = None,
        *,
        labels: Tensor | None = None,
        class_names: list[str] | None = None,
        layer: str | None = None,
        perplexity: float = 30.0,
        iterations: int = 500,
        learned: bool = False,
    ) -> None:
        if images is None:
            model = load_model("digits-cnn") if model is None else model
            images = load_dataset("digits")
        self.subject = subject_of(model, images, labels, class_names)
        check_perplexity(perplexity, len(self.subject.inputs))
        parameters_of(learning_tsne)["iterations"].annotation.check("iterations", iterations, integer=True)
        self.opening = next(iter(self.subject.layers)) if layer is None else layer
        if self.opening not in self.subject.layers:
            raise ValueError(f"layer must be one of {', '.join(map(repr, self.subject.layers))}, got {layer!r}")
        self.perplexity, self.iterations, self.learned = float(perplexity), iterations, learned
        self.opened: Explorer | None = None
        super().__init__(nn.Identity() if model is None else model)

    def build(self) -> Widget:
        """The maps and curves, the player below the large map, the settings on the right."""
        self.views = TSNEViews(self.subject)
        self.map, self.pca = self.views.map, self.views.pca
        self.player = Player(self.learned, self.iterations, self.update)
        settings = setting_controls(self.subject, self.opening, self.perplexity)
        self.settings = ControlsView(settings, label="What the map depends on")
        self.display = ControlsView(shown_controls(self.subject), label="How to show it")
        self.settings.observe(self._set, names=["values"])
        self.display.observe(self._displayed, names=["values"])
        self.views.kl.observe(lambda change: self.player.scrub(change.new), names=["marker"])
        self.views.actions.observe(self._act, names=["values"])
        for view in (self.map, self.pca):
            view.observe(self._pick, names=["picked"])
            view.observe(self._choose, names=["lassoed"])
        self.views.show_chosen(self.lassoed, [])
        shown = column(self.player.pace, self.display, self.views.list)
        shown.layout.grid_gap = "12px"
        left, middle = self.views.left(self.player.widget), self.views.middle()
        self.main = row(left, middle, controls(self.settings, shown))
        return self.main

    @property
    def lassoed(self) -> Tensor:
        """Indices of the points inside the lasso, `(n,)`."""
        indices = torch.from_numpy(self.map.lassoed.astype(np.int64))
        return indices[indices < len(self.subject.inputs)]

    @property
    def picked(self) -> Dataset:
        """The pictures inside the lasso; `ValueError` where there are none."""
        if self.subject.data is None:
            raise ValueError("picked needs pictures: a table has only indices, in `lassoed`")
        if not len(self.lassoed):
            raise ValueError("picked is empty: draw a lasso around points first")
        return self.subject.data[self.lassoed]

    def _set(self, change: Any) -> None:
        """Begin anew, unless it is the learning rate, which acts from the next step on."""
        changed = {name for name in change.new if change.new[name] != (change.old or {}).get(name)}
        if changed & set(Start.__dataclass_fields__):
            self.player.play()
        else:
            self.update()

    def _displayed(self, change: Any) -> None:
        self.map.shown = self.pca.shown = change.new["shown"]
        self.update()

    def _pick(self, change: Any) -> None:
        """The same point is picked on both maps; one always is, for its pairs are shown."""
        self.map.picked = self.pca.picked = change.old if change.new is None else change.new
        self.update()

    def _choose(self, change: Any) -> None:
        """The same points are chosen on both maps."""
        for view in (self.map, self.pca):
            if not np.array_equal(view.lassoed, change.new):
                view.lassoed = change.new
        self.views.show_chosen(self.lassoed, OPEN if self.subject.model is not None else [])

    def _act(self, change: Any) -> None:
        """Show gradients for the chosen pictures below."""
        if change.new.get("open", 0) <= (change.old or {}).get("open", 0):
            return
        try:
            opened = GradientsExplorer(self.subject.model, self.picked)
        except Exception as error:
            super()._failed(error)  # the map goes on
            return
        earlier, self.opened = self.opened, opened
        self.children = (self.main, self.status, opened)
        if earlier is not None:
            earlier.close()

    def request(self) -> Request:
        """What the user has set."""
        values, picked = self.settings.values, self.map.picked
        return Request(
            start=Start(**{name: values[name] for name in Start.__dataclass_fields__}),
            rate=values["learning_rate"],
            every=self.player.every,
            playing=self.player.playing,
            branch=self.player.branch,
            iteration=self.player.iteration,
            point=picked if picked is not None and picked < len(self.subject.inputs) else 0,
            by=self.display.values["by"],
        )

    def compute(self, request: Request) -> Result:
        """Learn on, showing each frame; or look at one."""
        if len(self.subject.inputs) < FEW:
            torch.set_num_threads(1)  # such tables are too small to share; the base class puts it back
        return tsne_learning.learned(self.subject, request, self.result, self.iterations, self.partial)

    def partial(self, result: Result) -> None:
        """Show every frame, for `paced` has left time between them; stop when something else was asked for."""
        if self.result is None:
            return  # the first computation: there is no page yet
        self._show_result(result)
        if self.request() != result.request:
            raise Cancelled("something newer waits")

    def publish(self, result: Result) -> None:
        """Write a frame to the views."""
        newest = result.request.iteration == self.player.iteration  # else the reader has gone on to another frame
        if newest and result.curves:
            self.player.tell(result.shown.iteration)
        self.views.show(result, newest)
        if self.player.playing and not result.learning and result.request == self.request():
            self.player.rest()
        # Spoken, so not with every frame.
        self.status.message = "" if result.learning else result.words().replace("\n", "; ")

    def _cancelled(self) -> None:
        super()._cancelled()
        self._stopped()

    def _failed(self, error: Exception) -> None:
        super()._failed(error)
        self._stopped()

    def _stopped(self) -> None:
        """Learning was stopped between two frames: the last one stays."""
        self.player.rest()
        if self.result is not None and self.result.learning:
            self.result = replace(self.result, learning=False, curves=True, quality="stopped")
            self.show_again()

    def panels(self) -> list[Panel]:
        """Both maps."""
        scores = self.result.space.pca.scores
        first = map_panel(self.subject, self.result.shown.embedding, self.map.title, self.result.words())
        return [first, map_panel(self.subject, scores, "PCA", pca_words(self.result))]

    def summary(self) -> str:
        """What is shown, with its numbers."""
        layer, perplexity = self.subject.named(self.result.request.layer), self.result.request.start.perplexity
        told = f"t-SNE explorer. {len(self.subject.inputs)} points, {layer}, perplexity {perplexity:g}. "
        told += f"{self.map.title}: {self.result.words()}. PCA: {pca_words(self.result)}. "
        told += f"{counted(self.subject, self.lassoed)}."
        return told.replace("\n", "; ")

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        if self.result.film.last.iteration == 0 and not self.player.playing:
            self.player.play()
        return bundle

    def hidden(self) -> list[Widget]:
        """What is not on the page just now."""
        views = (self.views.chosen, self.views.gallery, self.views.actions)
        return [part for view in views if view not in self.views.list.children for part in (view.layout, view)]

    def close(self) -> None:
        """Close the explorer opened from here, too."""
        if self.comm is not None and getattr(self, "opened", None) is not None:
            self.opened.close()
        super().close()
