"""The views of `TSNEExplorer`."""

import html
from collections import Counter
from typing import Any

import torch
from ipywidgets import HTML, Box, Widget
from torch import Tensor

from xaiwidgets.explorers.explorer import column
from xaiwidgets.explorers.tsne_pairs import BY, LEAST, Pairs
from xaiwidgets.explorers.tsne_points import Space, Subject
from xaiwidgets.explorers.tsne_result import Result
from xaiwidgets.views import ControlsView, CurvesView, EmbeddingView, GalleryView

LEFT, MIDDLE = 440, 330  # CSS pixels
FEW = 60  # chosen pictures that are shown


class TSNEViews:
    """The two maps, the curves, and the chosen pictures.

    Attributes:
        map, pca: the points on the t-SNE map and along the first two principal components.
        kl: the divergence over the iterations; its marker is the frame that is shown.
        pairs: one point against all others.
        chosen: classes of the points inside the lasso, in words.
        gallery: their pictures.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.space: Space | None = None  # of which the PCA map is shown
        names = list(subject.class_names)
        points = {"images": subject.sprites, "labels": subject.labels, "class_names": names, "picked": 0}
        points |= {"ink": subject.inked, "shown": "pictures" if subject.data is not None else "points"}
        self.map = EmbeddingView(title="t-SNE", width=LEFT, height=LEFT, notice=subject.notice, **points)
        self.pca = EmbeddingView(title="PCA", width=MIDDLE, height=220, legend=False, tools=False, **points)
        self.map.group = self.pca.group = self.map.model_id or "t-SNE"
        self.kl = CurvesView(title="KL divergence (nats)", x_label="iteration", width=MIDDLE, height=140, names=["KL"])
        self.pairs = CurvesView(width=MIDDLE, height=190, y_label="log10 of p and q", movable=False)
        self.chosen = HTML()
        self.gallery = GalleryView(label="Chosen pictures", size=34, height=200)
        self.actions = ControlsView([], label="Chosen pictures: actions")
        self.list: Box = column(width="250px")

    def left(self, player: Widget) -> Box:
        """The t-SNE map, and what plays it below."""
        return column(self.map, player, width=f"{LEFT}px")

    def middle(self) -> Box:
        """What stands beside the map."""
        return column(self.pca, self.kl, self.pairs, width=f"{MIDDLE}px")

    def show(self, result: Result, marked: bool) -> None:
        """The frame that is shown: both maps and the curves; `marked`: the marker goes to it."""
        with self.map.hold_sync():
            self.map.positions = result.shown.embedding
            self.map.caption = result.words()
            self.map.title = f"t-SNE of {self.subject.named(result.request.layer)}"
            if not result.learning:
                self.map.alt = f"t-SNE map of {len(result.shown.embedding)} points: {result.words()}"
        if self.space is not result.space or not result.learning:
            self._show_pca(result)
        if result.curves:
            self._show_kl(result, marked)
        if result.pairs is not None:
            self.show_pairs(result.pairs, result.request.point, result.request.by)

    def _show_pca(self, result: Result) -> None:
        self.space = result.space
        with self.pca.hold_sync():
            self.pca.positions, self.pca.caption = result.space.pca.scores, pca_words(result)
            self.pca.alt = f"PCA map: {self.pca.caption}"

    def _show_kl(self, result: Result, marked: bool) -> None:
        with self.kl.hold_sync():
            self.kl.x = [each.iteration for each in result.film.frames]
            self.kl.series = [[each.kl for each in result.film.frames]]
            if marked:
                self.kl.marker = float(result.shown.iteration)
            self.kl.alt = f"KL divergence, from {result.film.frames[0].kl:.2f} to {result.film.last.kl:.2f} nats"

    def show_pairs(self, pairs: Pairs, point: int, by: str) -> None:
        """How near the picked point is to the others."""
        finite = pairs.curves[:2][pairs.curves[:2] > LEAST]
        low = float(finite.min()) if finite.numel() else LEAST
        with self.pairs.hold_sync():
            self.pairs.title = f"Point {point + 1}: p and q against distance"
            self.pairs.x_label = BY[by]
            self.pairs.x, self.pairs.names, self.pairs.series = pairs.distance, pairs.names, pairs.curves
            self.pairs.y_limits = (max(LEAST, low - 1.0), float(pairs.curves[:2].max()) + 0.3)
            self.pairs.alt = f"Point {point + 1}: decimal logarithms of {', '.join(pairs.names)} over {BY[by]}"

    def show_chosen(self, points: Tensor, actions: list[dict[str, Any]]) -> None:
        """How many of which class are inside the lasso, and their pictures."""
        self.chosen.value = f'<div style="line-height: 1.4">{html.escape(counted(self.subject, points))}</div>'
        if self.actions.specification != actions:
            self.actions.specification = actions
        if self.subject.data is not None:
            self.gallery.selected = None
            self.gallery.images = torch.from_numpy(self.subject.sprites)[points[:FEW]]
        shown: tuple = (self.chosen,)
        if len(points):
            shown += (self.gallery, self.actions) if self.subject.data is not None else ()
        if self.list.children != shown:
            self.list.children = shown


def counted(subject: Subject, points: Tensor) -> str:
    """The points inside the lasso, by class."""
    if not len(points):
        return "Nothing is chosen: press Lasso, drag around points"
    counts = Counter(subject.labels[points].tolist()).most_common()
    names = [f"class {subject.class_names[label]}" if label >= 0 else "unknown" for label, _ in counts]
    return f"{len(points)} chosen: {', '.join(f'{name}: {n}' for name, (_, n) in zip(names, counts, strict=True))}"


def pca_words(result: Result) -> str:
    """What the PCA map shows, and, once the other map rests, what it is worth: that takes longer than a frame."""
    judged = "…" if result.learning else result.space.pca_judged
    return f"{float(result.space.pca.share.sum()):.0%} of the variance\n{judged}"
