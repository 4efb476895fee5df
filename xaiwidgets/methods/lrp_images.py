"""Relevance on pictures: averaged over small shifts, summed over windows of a large picture, pooled over regions.

They take any attribution method `(model, x, target, …) -> relevance`, shape of `x`. Montavon, Samek and Müller 2018,
https://arxiv.org/abs/1706.07979, sections 5.3 and 6.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xaiwidgets.progress import track

Method = Callable[..., Tensor]


def translated(
    attribute: Method, model: nn.Module, x: Tensor, target: Tensor | int, *, distance: int = 1, **arguments: Any
) -> Tensor:
    """The translation trick: explain shifted copies, shift the relevance back, average.

    Smooths what depends on how the picture falls onto the grid of strides and poolings. The edge is repeated where
    nothing moves in; relevance of the repeated pixels goes to the edge, so that the sum is the mean of the sums.

    Args:
        attribute: the method; arguments: its own.
        model, x, target: as for the method; `x` `(N, C, H, W)`.
        distance: largest shift in pixels, so that `(2 distance + 1)²` copies are explained.
    """
    _check_pictures(x)
    if isinstance(distance, bool) or not isinstance(distance, int) or not 0 <= distance < min(x.shape[2:]):
        raise ValueError(f"distance must be a whole number from 0 to {min(x.shape[2:]) - 1} pixels, got {distance!r}")
    total = torch.zeros_like(x)
    steps = range(-distance, distance + 1)
    shifts = [(down, right) for down in steps for right in steps]
    for shift in track(shifts, "Translating"):
        rows, columns = (
            (torch.arange(size, device=x.device) + by).clamp(0, size - 1)
            for size, by in zip(x.shape[2:], shift, strict=True)
        )
        relevance = attribute(model, x[:, :, rows[:, None], columns], target, **arguments)
        upright = torch.zeros_like(x).index_add_(3, columns, relevance)
        total.index_add_(2, rows, upright)
    return total / len(shifts)


def windowed(
    attribute: Method,
    model: nn.Module,
    x: Tensor,
    target: Tensor | int,
    *,
    window: int | tuple[int, int],
    stride: int,
    **arguments: Any,
) -> Tensor:
    """A large picture through a net for small ones: the relevance of all windows, summed where they lie.

    The sum of the result is the sum of the windows' scores (as far as the method conserves).

    The direct variant needs no windows: a net of convolutions, global pooling and a dense layer takes the large
    picture as it is, `attribute(model, x, target)`, in one pass. The caveat: it explains the average over all places,
    not the sum of the windows; and the padding that each window has at its border is only at the picture's.

    Args:
        attribute: the method; arguments: its own.
        model, target: as for the method.
        x: pictures `(N, C, H, W)`, at least as large as a window.
        window: height and width that the net takes.
        stride: pixels from one window to the next; the last ones end at the picture's edge.
    """
    _check_pictures(x)
    height, width = (window, window) if isinstance(window, int) else window
    if not (0 < height <= x.shape[2] and 0 < width <= x.shape[3]):
        raise ValueError(f"window must be 1 to {tuple(x.shape[2:])} pixels, got {(height, width)}")
    if isinstance(stride, bool) or not isinstance(stride, int) or stride < 1:
        raise ValueError(f"stride must be a whole number of pixels, 1 or more, got {stride!r}")
    total = torch.zeros_like(x)
    places = [(top, left) for top in _starts(x.shape[2], height, stride) for left in _starts(x.shape[3], width, stride)]
    for top, left in track(places, "Sliding the window"):
        here = (..., slice(top, top + height), slice(left, left + width))
        total[here] += attribute(model, x[here], target, **arguments)
    return total


def pooled(relevance: Tensor, groups: int | Tensor) -> Tensor:
    """Relevance of groups of inputs: `R_G = Σ_{i in G} R_i`.

    Pooling asks a coarser question (which region?), filtering by `through` another one. The sum stays the same.

    Args:
        relevance: `(N, C, H, W)` or `(N, H, W)`.
        groups: size of square blocks, in pixels; or the group of each pixel, `(H, W)` or `(N, H, W)` int, from 0;
            pixels of a negative group are left out.

    Returns:
        Blocks: `(N, ⌈H / size⌉, ⌈W / size⌉)`. Groups: `(N, G)`.
    """
    values = relevance.sum(1) if relevance.ndim == 4 else relevance
    if values.ndim != 3:
        raise ValueError(f"relevance must be (N, C, H, W) or (N, H, W), got shape {tuple(relevance.shape)}")
    if isinstance(groups, int) and not isinstance(groups, bool):
        if groups < 1:
            raise ValueError(f"groups must be a block size of 1 or more, got {groups}")
        down, right = (-size % groups for size in values.shape[1:])
        return F.avg_pool2d(F.pad(values, (0, right, 0, down)), groups, divisor_override=1)
    if not isinstance(groups, Tensor) or groups.is_floating_point() or groups.shape[-2:] != values.shape[-2:]:
        got = f"{tuple(groups.shape)}, {groups.dtype}" if isinstance(groups, Tensor) else repr(groups)
        raise ValueError(f"groups must be a block size or whole numbers of shape {tuple(values.shape[1:])}, got {got}")
    of_each = groups.to(values.device, torch.int64).expand_as(values).flatten(1)
    count = max(int(groups.max()) + 1, 1)
    sums = torch.zeros(len(values), count + 1, dtype=values.dtype, device=values.device)
    sums.scatter_add_(1, torch.where(of_each < 0, count, of_each), values.flatten(1))
    return sums[:, :count]


def _starts(size: int, window: int, stride: int) -> list[int]:
    return sorted({*range(0, size - window + 1, stride), size - window})


def _check_pictures(x: Tensor) -> None:
    if not isinstance(x, Tensor) or x.ndim != 4:
        got = f"shape {tuple(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"x must be pictures (N, C, H, W), got {got}")
