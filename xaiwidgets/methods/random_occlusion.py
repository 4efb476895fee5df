"""Random occlusion: wipe a share of the input at random, many times, and see in whose company the score falls."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from xaiwidgets.methods.black_box import BlackBox, Output, Scores
from xaiwidgets.methods.fills import Fill, Seed, fill_picture, hiding, over_channels
from xaiwidgets.methods.random_masks import RandomMasks
from xaiwidgets.methods.running_slope import Estimate, RunningSlope
from xaiwidgets.parameters import Flag, Range, validated

Share = Annotated[float, Range(0.01, 0.99, step=0.01, help="of the cells is hidden, on average")]
Cells = Annotated[int, Range(1, 64, help="along each axis, hidden or shown as a whole")]
Samples = Annotated[int, Range(3, 100_000, log=True, help="random masks")]
Smooth = Annotated[bool, Flag(help="cells fade into each other and are shifted at random, as in RISE")]
Shade = Callable[[Tensor, Tensor], Tensor]


@validated
def random_occlusion(
    model: Scores,
    x: Tensor | np.ndarray,
    target: Tensor | int,
    *,
    share: Share = 0.5,
    cells: Cells = 8,
    samples: Samples = 1000,
    smooth: Smooth = False,
    fill: Fill = "black",
    output: Output = "score",
    seed: Seed = 0,
) -> Tensor:
    """How much higher is the score when this place is shown than when it is hidden, the others being hidden at random?

    `R_p` is the slope of the score `f(M x + (1 - M) fill)` over the share `M_p` of the place that is shown, by least
    squares over random masks `M`; with blocks, which are shown or hidden, this is the difference of two means,
    `E[f | p shown] - E[f | p hidden]`.

    RISE (Petsiuk, Das and Saenko 2018, https://arxiv.org/abs/1806.07421) draws smooth masks, `cells=7, smooth=True`,
    and shows `E[f M_p] / E[M_p]`: this map, times the variance of `M_p` over its mean, plus the mean score.

    Args:
        model, x, target, fill, output: as for `occlusion`; not the fill "inpaint" with smooth masks.
        share: how much is hidden, on average.
        cells: along each axis; of a table, each column is one.
        samples: number of random masks, the same for every input of the batch.
        smooth: cells fade into each other, and their grid is shifted at random; a table has no neighbours, so there it
            changes nothing.
        seed: of the masks, and of the fill "noise". torch's own generator is not touched.

    Returns:
        Map `(N, H, W)`, `(N, L)` or `(N, D)`, in units of the score.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    asked = _asked(model, x, target, share, cells, samples, smooth, fill, output, seed)
    (last,) = deque(asked, maxlen=1)
    return last.estimate().map


@validated
def random_occlusion_estimates(
    model: Scores,
    x: Tensor | np.ndarray,
    target: Tensor | int,
    *,
    share: Share = 0.5,
    cells: Cells = 8,
    samples: Samples = 1000,
    smooth: Smooth = False,
    fill: Fill = "black",
    output: Output = "score",
    seed: Seed = 0,
) -> Iterator[Estimate]:
    """The map of `random_occlusion` and its standard error, again and again while the masks are drawn.

    Arguments as for `random_occlusion`. The inputs of a batch come one after the other.

    Yields:
        Estimates from more and more masks.
    """
    asked = _asked(model, x, target, share, cells, samples, smooth, fill, output, seed)
    return (so_far.estimate() for so_far in asked)


def _asked(
    model: Scores,
    x: Tensor | np.ndarray,
    target: Tensor | int,
    share: float,
    cells: int,
    samples: int,
    smooth: bool,
    fill: Fill,
    output: str,
    seed: int,
) -> Iterator[RunningSlope]:
    box = BlackBox(model, x, target, output=output)
    masks = RandomMasks(box.x, cells, share, samples, smooth, seed)
    return _slopes(box, masks, _shading(box.x, fill, seed) if smooth else _hiding(box.x, fill, seed), samples)


def _hiding(x: Tensor, fill: Fill, seed: int) -> Shade:
    hide = hiding(x, fill, seed=seed)
    return lambda image, shown: hide(image, shown < 0.5)


def _shading(x: Tensor, fill: Fill, seed: int) -> Shade:
    picture = fill_picture(fill, x, seed=seed)

    def shade(image: Tensor, shown: Tensor) -> Tensor:
        return picture[image].lerp(x[image], over_channels(shown, x))

    return shade


def _slopes(box: BlackBox, masks: RandomMasks, shade: Shade, samples: int) -> Iterator[RunningSlope]:
    slope = RunningSlope(box.start, masks.places)
    drawn = [box.x[:0]]  # the masks of the piece at work

    def shaded(image: Tensor, which: Tensor) -> Tensor:
        drawn[0] = masks(which)
        return shade(image, drawn[0])

    for piece, scores in box.stream(samples, shaded, "Hiding at random"):
        image = torch.arange(piece.start, piece.stop, device=box.x.device) // samples
        for each in image.unique().tolist():
            slope.add(each, drawn[0][image == each], scores[image == each])
        yield slope


def kept(map: Tensor, share: float) -> Tensor:
    """The places with the highest values: bool, of the shape of `map`.

    Args:
        map: `(N, …)`.
        share: how many of each input's places, from 0 to 1, rounded to whole places; of equal values, the first.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    Range(0, 1).check("share", share, integer=False)
    ranks = ranked(map)
    return (ranks < round(share * ranks.shape[1])).view(map.shape)


def ranked(map: Tensor) -> Tensor:
    """The rank of each value of maps `(N, …)`, `(N, P)`: 0 for the highest of its map; of equal ones, for the first."""
    if not isinstance(map, Tensor):
        raise TypeError(f"map must be a tensor (N, …), got {type(map).__name__}")
    if map.ndim < 2 or not map.isfinite().all():
        raise ValueError(f"map must be (N, …) and finite, got shape {tuple(map.shape)}, or NaN or infinite values")
    return map.flatten(1).argsort(dim=1, descending=True, stable=True).argsort(1)
