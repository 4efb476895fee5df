"""Deletion and insertion: how fast does the score go when the places a map puts first are hidden, or come when shown?

Petsiuk, Das and Saenko 2018, RISE, https://arxiv.org/abs/1806.07421, section 4.1.
"""

from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from xaiwidgets.methods.black_box import BlackBox, Output, Scores
from xaiwidgets.methods.fills import Fill, Seed, hiding
from xaiwidgets.methods.random_occlusion import ranked
from xaiwidgets.methods.windows import places_of
from xaiwidgets.parameters import Range, validated

Steps = Annotated[int, Range(1, 4096, log=True, help="of equal size")]


@validated
def deletion_curve(
    model: Scores,
    x: Tensor | np.ndarray,
    target: Tensor | int,
    map: Tensor,
    *,
    steps: Steps = 32,
    fill: Fill = "black",
    output: Output = "probability",
    seed: Seed = 0,
) -> Tensor:
    """What score is left when more and more of the places with the highest values are hidden?

    A good map lets it fall at once: the smaller the area under the curve, the better.

    Args:
        model, x, target, fill, output, seed: as for `occlusion`.
        map: `(N, H, W)` for pictures, `(N, L)` for signals, `(N, D)` for tables; signed, the highest value goes first,
            of equal ones the first in reading order.
        steps: after step `i`, the first `i / steps` of the places are hidden, rounded to whole places.

    Returns:
        Scores `(N, steps + 1)`: of the input as it is first, with everything hidden last.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    return _curve(BlackBox(model, x, target, output=output), map, steps, fill, seed, insert=False)


@validated
def insertion_curve(
    model: Scores,
    x: Tensor | np.ndarray,
    target: Tensor | int,
    map: Tensor,
    *,
    steps: Steps = 32,
    fill: Fill = "blur",
    output: Output = "probability",
    seed: Seed = 0,
) -> Tensor:
    """What score is reached when more and more of the places with the highest values are shown, from nothing on?

    A good map lets it rise at once: the larger the area under the curve, the better. Arguments as for `deletion_curve`;
    the default fill, a blurred picture, is the paper's, and fits no table.

    Returns:
        Scores `(N, steps + 1)`: with everything hidden first, of the input as it is last.
    """
    return _curve(BlackBox(model, x, target, output=output), map, steps, fill, seed, insert=True)


def area_under(curve: Tensor) -> Tensor:
    """The area under curves `(N, steps + 1)` over the share of places, from 0 to 1, by trapezoids: `(N,)`.

    Raises:
        ValueError: for fewer than two points.
    """
    if curve.ndim < 1 or curve.shape[-1] < 2:
        raise ValueError(f"curve must have two or more points, (N, steps + 1), got shape {tuple(curve.shape)}")
    return (curve[..., :-1] + curve[..., 1:]).mean(-1) / 2


def _curve(box: BlackBox, map: Tensor, steps: int, fill: Fill, seed: int, *, insert: bool) -> Tensor:
    ranks, size = ranked(map), (len(box.x), *places_of(box.x))
    if map.shape != size:
        raise ValueError(f"map must have a value for each place of x, {size}, got shape {tuple(map.shape)}")
    ranks = ranks.view(size).to(box.x.device)
    counts = (torch.arange(steps + 1, device=box.x.device) * ranks[0].numel() / steps).round().long()
    hide = hiding(box.x, fill, seed=seed)

    def changed(image: Tensor, step: Tensor) -> Tensor:
        first = ranks[image] < counts[step].view(-1, *[1] * (ranks.ndim - 1))
        return hide(image, first != insert)

    return box.scores(steps + 1, changed, "Inserting" if insert else "Deleting")
