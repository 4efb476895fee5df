"""What the user has set, and what `TSNEExplorer` shows for it."""

from dataclasses import dataclass

from xaiwidgets.explorers.tsne_film import Film
from xaiwidgets.explorers.tsne_pairs import Pairs
from xaiwidgets.explorers.tsne_points import Space
from xaiwidgets.methods.tsne import Frame
from xaiwidgets.methods.tsne_affinities import Affinities


@dataclass(frozen=True)
class Start:
    """Settings with which a map begins anew."""

    layer: str
    perplexity: float
    exaggeration: float
    initialization: str
    seed: int


@dataclass(frozen=True)
class Request:
    """What the user has set.

    Attributes:
        start: settings with which the map begins anew.
        rate: learning rate, which may change on the way.
        every: iterations from frame to frame.
        playing: whether to learn on.
        branch: how often learning was taken up at an earlier frame, and at which iteration last.
        iteration: of the frame to show; None: the last.
        point: whose pairs are shown, `by` which distance.
    """

    start: Start
    rate: float
    every: int
    playing: bool
    branch: tuple[int, int]
    iteration: int | None
    point: int
    by: str

    @property
    def layer(self) -> str:
        """What is mapped."""
        return self.start.layer


@dataclass(frozen=True)
class Result:
    """What is shown.

    Attributes:
        space, near: the points, and how near they are to each other.
        film: the frames so far, `total` iterations at most.
        shown: the frame that is shown.
        learning: whether more frames come.
        curves: whether the curves are drawn, too: not with every frame while the map moves.
        pairs: the picked point and all others; None where they are not drawn.
        quality: words about the map; empty while it moves.
    """

    request: Request
    space: Space
    near: Affinities
    film: Film
    total: int
    shown: Frame
    learning: bool
    curves: bool
    pairs: Pairs | None
    quality: str

    def words(self) -> str:
        """How far the map is, and what it is worth."""
        phase = ", exaggerated" if self.shown.exaggerated else ""
        told = f"iteration {self.shown.iteration} of {self.total}{phase}: KL {self.shown.kl:.2f} nats"
        return f"{told}\n{self.quality or 'learning …'}"
