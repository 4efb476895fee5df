"""Occlusion: what does the score lose when a part of the input is hidden?"""

from collections.abc import Iterator
from numbers import Integral
from typing import Annotated

import numpy as np
import torch
from torch import Tensor, nn

from xaiwidgets.methods.black_box import BlackBox, Output, Scores
from xaiwidgets.methods.fills import Fill, Seed, hidden, hiding
from xaiwidgets.methods.inputs import check_x
from xaiwidgets.methods.windows import SHAPES, Size, Windows, coarse_first
from xaiwidgets.parameters import Choice, validated

COMPARISONS = ("difference", "ratio")
Shape = Annotated[str, Choice(*SHAPES, help="of the window")]
Compare = Annotated[str, Choice(*COMPARISONS, help="the score that is lost, or which share of it")]


@validated
def occlusion(
    model: Scores,
    x: Tensor | np.ndarray,
    target: Tensor | int,
    *,
    window: Size | None = None,
    stride: Size | None = None,
    shape: Shape = "square",
    fill: Fill = "black",
    output: Output = "score",
    compare: Compare = "difference",
    seed: Seed = 0,
) -> Tensor:
    """How much does the score lose when a window here is hidden?

    `R_p = mean of f(x) - f(x without w) over the windows w that cover the place p`. Zeiler and Fergus 2014,
    https://arxiv.org/abs/1311.2901, section 4.2 (there: the score that remains).

    Args:
        model: a torch classifier, `(N, …)` -> logits `(N, K)`, left as it was found; or any callable from an array
            `(N, …)` to scores, `(N, K)`.
        x: pictures `(N, C, H, W)`, signals `(N, C, L)` or a table `(N, D)`; all channels of a place are hidden at once.
        target: class index, or one for each input, `(N,)`.
        window: size of the window in places, one number or one an axis; 8 if not given, 1 for a table.
        stride: steps of the window, one number or one an axis; half the window if not given. The first window lies in
            the corner, the last may reach over the border.
        shape: "square", or "disc" of that diameter.
        fill: what is seen instead; see `fill_picture`.
        output: what is explained: "score", "probability" or "log-odds"; see `BlackBox`.
        compare: "difference", `f(x) - f(x without w)`; "ratio", the share of the score that is lost,
            `1 - f(x without w) / f(x)`, for positive scores.
        seed: of the fill "noise".

    Returns:
        Map `(N, H, W)`, `(N, L)` or `(N, D)`, in units of the score.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected; so for a window larger than the
            picture, and for a stride so large that some place would never be hidden.
    """
    return _Scan(BlackBox(model, x, target, output=output), window, stride, shape, fill, compare, seed).map()


@validated
def coarse_to_fine(
    model: Scores,
    x: Tensor | np.ndarray,
    target: Tensor | int,
    *,
    window: Size | None = None,
    stride: Size | None = None,
    shape: Shape = "square",
    fill: Fill = "black",
    output: Output = "score",
    compare: Compare = "difference",
    seed: Seed = 0,
) -> Iterator[Tensor]:
    """Maps of `occlusion` while it is at work: coarse at first, with the nearest window's value for those to come.

    Arguments as for `occlusion`. The first maps come when a grid of at most 4 x 4 windows is done for each input of the
    batch; the rest of the windows, from coarse to fine, is worked through input by input.

    Yields:
        Maps as `occlusion` returns them, the last one equal to its.
    """
    return _Scan(BlackBox(model, x, target, output=output), window, stride, shape, fill, compare, seed).maps()


@validated
def occluded(
    x: Tensor,
    place: int | tuple[int, ...],
    window: Size | None = None,
    shape: Shape = "square",
    fill: Fill = "black",
    *,
    seed: Seed = 0,
) -> Tensor:
    """The inputs with one window hidden, as if somebody had laid a card on them.

    Args:
        x, window, shape, fill, seed: as for `occlusion`.
        place: the middle of the window, `(row, column)` in pictures, inside `x`; the window may reach over the border.

    Raises:
        TypeError, ValueError: as `occlusion`; and for a place that is none of `x`.
    """
    x = check_x(nn.Identity(), x)
    windows = Windows(x, window, shape=shape)
    return hidden(x, windows.around(_checked_place(place, windows.places)), fill, seed=seed)


def _checked_place(place: int | tuple[int, ...], places: tuple[int, ...]) -> tuple[int, ...]:
    along = place if isinstance(place, tuple | list) else (place,)
    if any(isinstance(each, bool) or not isinstance(each, Integral) for each in along):
        raise TypeError(f"place must be integers, one for each of {len(places)} axes, got {place!r}")
    if len(along) != len(places):
        raise ValueError(f"place must have {len(places)} numbers, one for each axis, got {place!r}")
    for axis, (each, length) in enumerate(zip(along, places, strict=True)):
        if not 0 <= each < length:
            raise ValueError(f"place must lie in x, from 0 to {length - 1} along axis {axis}, got {each}")
    return tuple(map(int, along))


class _Scan:
    """What hides the windows one after the other, and puts together what the score lost."""

    def __init__(
        self,
        box: BlackBox,
        window: Size | None,
        stride: Size | None,
        shape: str,
        fill: Fill,
        compare: str,
        seed: int,
    ) -> None:
        self.box, self.windows, self.compare = box, Windows(box.x, window, stride, shape), compare
        self.hide = hiding(box.x, fill, seed=seed)
        self.lost = box.start.new_zeros(len(box.x), self.windows.count)  # filled in bit by bit
        self.done = torch.zeros_like(self.lost, dtype=torch.bool)
        if compare == "ratio" and (box.start <= 0).any():
            raise ValueError(
                f"compare 'ratio' needs positive scores, got {float(box.start.min()):.3g}; output='probability' is"
            )

    def map(self) -> Tensor:
        for _ in self._pass(torch.arange(self.windows.count), "Occluding"):
            pass
        return self.windows.averaged(self.lost)

    def maps(self) -> Iterator[Tensor]:
        """The maps as far as they are known: when the coarsest grid is done, and after each piece of the rest."""
        order, nearest = coarse_first(self.windows.grid)
        coarsest = len(nearest[0].unique())
        for _ in self._pass(order[:coarsest], "Occluding coarsely"):
            pass
        yield self._so_far(nearest)
        for _ in self._pass(order[coarsest:], "Occluding"):
            yield self._so_far(nearest)

    def _pass(self, windows: Tensor, label: str) -> Iterator[None]:
        """Hide these windows `(B,)` in every input, one after the other, and note what is lost."""
        windows, count, start = windows.to(self.lost.device), len(windows), self.box.start

        def without(image: Tensor, turn: Tensor) -> Tensor:
            return self.hide(image, self.windows.where(windows[turn]))

        for piece, scores in self.box.stream(count, without, label):
            both = torch.arange(piece.start, piece.stop, device=start.device)
            image, which = both // count, windows[both % count]
            self.lost[image, which] = (start[image] - scores) / (start[image] if self.compare == "ratio" else 1)
            self.done[image, which] = True
            yield

    def _so_far(self, nearest: Tensor) -> Tensor:
        """The maps, if a window that is not done lost what the nearest did, in the finest grid where that is done."""
        filled = self.lost
        for level in nearest.to(filled.device):
            filled = torch.where(self.done[:, level], self.lost[:, level], filled)
        return self.windows.averaged(filled)
