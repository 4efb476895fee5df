"""What plays the map: learn on, rest, begin again, or go back to an earlier frame and learn on from there."""

from collections.abc import Callable
from typing import Any

from ipywidgets import HBox

from xaiwidgets.explorers.tsne_controls import PACES, film_controls, pace_controls, player_controls
from xaiwidgets.views import ControlsView


class Player:
    """Buttons and the slider of iterations.

    Args:
        playing: whether to begin at once.
        iterations: of the whole map.
        changed: called when something else is asked for.

    Attributes:
        widget: buttons and slider.
        pace: how fast frames come.
        playing: whether to learn on.
        iteration: of the frame to show; None: the last.
        branch: how often learning was taken up at an earlier frame, and at which iteration last.
    """

    def __init__(self, playing: bool, iterations: int, changed: Callable[[], Any]) -> None:
        self.playing, self.iterations, self.changed = playing, iterations, changed
        self.branch: tuple[int, int] = (0, 0)
        self.iteration: int | None = None
        self.told = 0  # the iteration that the slider was last set to
        self.buttons = ControlsView(player_controls(playing), label="Learning")
        self.film = ControlsView(film_controls(iterations), label="Frames")
        self.pace = ControlsView(pace_controls(), label="Frames: pace")
        self.buttons.layout.min_width, self.buttons.layout.width = "0", "130px"
        self.widget = HBox([self.buttons, self.film])
        self.buttons.observe(self._pressed, names=["values"])
        self.film.observe(lambda change: self.scrub(change.new["iteration"]), names=["values"])
        self.pace.observe(lambda change: self.changed(), names=["values"])

    @property
    def every(self) -> int:
        """Iterations from frame to frame."""
        return PACES[self.pace.values["pace"]]

    def play(self) -> None:
        """Learn on from the last frame."""
        self._set(True, None)

    def rest(self) -> None:
        """Learning has come to its end, or was stopped."""
        self.playing = False
        self._draw()

    def scrub(self, iteration: float | None) -> None:
        """Rest, and look at an earlier frame."""
        if iteration is not None and int(iteration) != self.told:
            self._set(False, int(iteration))

    def tell(self, iteration: int) -> None:
        """Say which iteration is shown."""
        self.told = iteration
        self.film.values = {"iteration": iteration}

    def _pressed(self, change: Any) -> None:
        if change.new["again"] != change.old["again"]:
            self._set(True, None, branch=0)
        elif self.playing:
            self._set(False, None)
        elif self.told >= self.iterations:
            self._set(True, None, branch=0)
        else:
            self._set(True, None, branch=self.iteration)

    def _set(self, playing: bool, iteration: int | None, branch: int | None = None) -> None:
        if branch is not None:
            self.branch = (self.branch[0] + 1, branch)
        self.playing, self.iteration = playing, iteration
        self._draw()
        self.changed()

    def _draw(self) -> None:
        specification = player_controls(self.playing)
        if specification != self.buttons.specification:
            self.buttons.specification = specification
