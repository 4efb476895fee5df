"""The frames of a map that is learned: kept within bounds, and shown at a pace that an eye can follow."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

from xaiwidgets.methods.tsne import Frame

MOST = 150  # frames that are kept
PACE = 1 / 20  # seconds from frame to frame, at least


@dataclass(frozen=True)
class Film:
    """Frames in the order of their iterations; never empty."""

    frames: tuple[Frame, ...]

    def with_frame(self, frame: Frame) -> "Film":
        """The film with one more; if there are too many the one goes that leaves the smallest gap."""
        frames = [*self.frames, frame]
        if len(frames) > MOST:
            steps = [each.iteration for each in frames]
            del frames[min(range(1, len(steps) - 1), key=lambda k: steps[k + 1] - steps[k - 1])]
        return Film(tuple(frames))

    def until(self, iteration: int) -> "Film":
        """The film up to the frame nearest to an iteration."""
        return Film(self.frames[: self.nearest(iteration) + 1])

    def nearest(self, iteration: int) -> int:
        """Index of the frame nearest to an iteration."""
        return min(range(len(self.frames)), key=lambda k: abs(self.frames[k].iteration - iteration))

    @property
    def last(self) -> Frame:
        """How far the map has been learned."""
        return self.frames[-1]


def paced(frames: Iterator[Frame]) -> Iterator[Frame]:
    """The same frames, none earlier than `PACE` seconds after the one before."""
    shown = -math.inf
    for frame in frames:
        time.sleep(max(0.0, shown + PACE - time.perf_counter()))
        shown = time.perf_counter()
        yield frame
