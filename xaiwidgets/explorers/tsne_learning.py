"""From what is asked for to what is shown: the map is learned on, or an earlier frame is looked at."""

import itertools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from xaiwidgets.explorers.tsne_controls import PACES
from xaiwidgets.explorers.tsne_film import Film, paced
from xaiwidgets.explorers.tsne_pairs import pairs_of
from xaiwidgets.explorers.tsne_points import FEW, Space, Subject, space_of
from xaiwidgets.explorers.tsne_result import Request, Result
from xaiwidgets.methods.tsne import Frame, descend, start_of
from xaiwidgets.methods.tsne_affinities import Affinities

SMOOTH = 2**21  # pairs of points that are worked on from frame to frame
EARLY = 5  # the first fifth of the iterations is exaggerated
CURVES = 0.2  # seconds from drawing to drawing of the curves while the map moves: they cost more than the map


def learned(
    subject: Subject, request: Request, old: Result | None, total: int, partial: Callable[[Result], None]
) -> Result:
    """Learn on from where the last result ended, showing each frame; or look at one.

    Args:
        subject: the points.
        request: what is asked for.
        old: what is shown now; None: nothing yet.
        total: iterations of the whole map.
        partial: takes a result as far as it is known.
    """
    start = request.start
    same = old is not None and old.request.layer == start.layer
    space = old.space if same else space_of(subject, start.layer)
    same = same and old.request.start.perplexity == start.perplexity
    near = old.near if same else space.near(start.perplexity)
    film = _film(request, old, space, near)

    def result(film: Film, learning: bool, curves: bool = True) -> Result:
        shown = film.frames[film.nearest(request.iteration)] if request.iteration is not None else film.last
        drawn = curves and (not learning or len(space.x) < FEW)
        pairs = pairs_of(space, near, shown.embedding, request.point, request.by) if drawn else None
        return Result(request, space, near, film, total, shown, learning, curves, pairs, "")

    if request.playing:
        frames = _frames(request, near, film.last, total)
        drawn = -math.inf
        for frame in itertools.islice(frames if old is None else paced(frames), 1, None):
            film, now = film.with_frame(frame), time.perf_counter()
            curves = now - drawn >= CURVES
            drawn = now if curves else drawn
            partial(result(film, True, curves))
    rests = result(film, False)
    return replace(rests, quality=space.judged(rests.shown.embedding))


def _film(request: Request, old: Result | None, space: Space, near: Affinities) -> Film:
    """The frames so far, as far as they belong to what is asked for."""
    if old is not None and old.request.start == request.start:
        return old.film if old.request.branch == request.branch else old.film.until(request.branch[1])
    first = start_of(space.x, request.start.initialization, request.start.seed)
    return Film((next(descend(near.joint, first, iterations=1)),))


def _frames(request: Request, near: Affinities, start: Frame, total: int) -> Iterator[Frame]:
    """The frames from `start` on, itself the first."""
    # Many points take long: fewer iterations from frame to frame keep the map moving, except at the fastest pace.
    fastest = request.every == max(PACES.values())
    every = request.every if fastest else max(1, min(request.every, SMOOTH // len(start.embedding) ** 2))
    steps = {"iterations": total, "exaggerated_iterations": total // EARLY, "every": every}
    rate = {"learning_rate": request.rate, "exaggeration": request.start.exaggeration}
    return descend(near.joint, start, **steps, **rate)
