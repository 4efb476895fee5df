"""What stands where a part of the input is hidden.

Nothing is not an option: a network needs a number in each place. So "what does the model see without this part?" has as
many answers as there are fills, and some of them (a black box) look like an object of their own.
"""

from collections.abc import Callable
from numbers import Real
from typing import Annotated

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from xaiwidgets.methods.inputs import check_baseline
from xaiwidgets.parameters import Range

CONSTANTS = {"black": 0.0, "grey": 0.5, "white": 1.0}
FILLS = (*CONSTANTS, "mean", "noise", "blur", "inpaint")
PLACELESS = tuple(CONSTANTS)  # need no neighbours, so they fit the columns of a table, too
BLUR = 0.1  # standard deviation of "blur", as a share of the longest axis of places

Fill = str | float | np.ndarray | Tensor
Seed = Annotated[int, Range(0, 2**31, help="of what is drawn at random")]
Hide = Callable[[Tensor, Tensor], Tensor]


def fill_picture(fill: Fill, x: Tensor, *, seed: int = 0) -> Tensor:
    """What is seen where something is hidden: a tensor of the shape of `x`.

    Args:
        fill: "black" 0, "grey" 0.5, "white" 1; "mean", of each channel of each input; "noise", Gaussian, of the mean
            and standard deviation of each channel; "blur", the input itself, `blurred`; or a number, an array or a
            tensor that fits `x`. Not "inpaint", which depends on what is hidden: `hidden` does it.
        x: inputs: pictures `(N, C, H, W)`, signals `(N, C, L)` or tables `(N, D)`; a table has no neighbours, so
            there "black", "grey", "white", a number or a tensor, such as the columns' means `(D,)`.
        seed: of the noise; the same noise for every input of the batch. torch's own generator is not touched.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    fill = check_fill(fill, x)
    if not isinstance(fill, str):
        return check_baseline(fill, x, "fill")
    if fill == "inpaint":
        raise ValueError(
            "fill 'inpaint' depends on what is hidden, and continues what is left; where places are hidden by a share "
            "only (a learned or smooth mask), take 'blur' or 'mean'; for a bool mask: hidden(x, where, 'inpaint')"
        )
    if fill in CONSTANTS:
        return torch.full_like(x, CONSTANTS[fill])
    if fill == "blur":
        return blurred(x, BLUR * max(x.shape[2:]))
    mean = x.flatten(2).mean(2)
    if fill == "mean":
        return _over_places(mean, x).expand_as(x).clone()
    deviation = x.flatten(2).std(2, correction=0)
    noise = torch.randn(x.shape[1:], generator=torch.Generator().manual_seed(int(seed)), dtype=torch.float64).to(x)
    return _over_places(mean, x) + _over_places(deviation, x) * noise


def check_fill(fill: Fill, x: Tensor) -> Fill:
    """Return `fill`, an array as a tensor, or raise an error if it is none, or none for inputs like `x`."""
    if isinstance(fill, np.ndarray) and fill.dtype.kind in "fiu":
        return torch.from_numpy(np.array(fill))  # a copy: arrays may be read-only, or run backwards
    if isinstance(fill, bool) or not isinstance(fill, str | Real | Tensor):
        got = f"an array of {fill.dtype}" if isinstance(fill, np.ndarray) else type(fill).__name__
        raise TypeError(f"fill must be one of {_named(FILLS)}, a number or a tensor, got {got}")
    possible = FILLS if x.ndim > 2 else PLACELESS
    if isinstance(fill, str) and fill not in possible:
        of_table = "" if x.ndim > 2 else ", such as the columns' means, for a table"
        raise ValueError(f"fill must be one of {_named(possible)}, a number or a tensor{of_table}, got {fill!r}")
    return float(fill) if isinstance(fill, Real) else fill


def hiding(x: Tensor, fill: Fill = "black", *, seed: int = 0) -> Hide:
    """What hides parts of these inputs again and again; what is the same each time is computed once.

    Args:
        x, fill, seed: as for `fill_picture`; `fill` may be "inpaint".

    Returns:
        A function: indices of inputs `(B,)`, and where they are hidden, `(B, H, W)`, `(B, L)` or `(B, D)` bool -> the
        inputs with these places hidden in every channel, `(B, …)`.
    """
    fill = check_fill(fill, x)
    if isinstance(fill, str) and fill == "inpaint":
        return lambda image, where: _inpainted(x[image], over_channels(where, x))
    picture = fill_picture(fill, x, seed=seed)

    def hide(image: Tensor, where: Tensor) -> Tensor:
        return torch.where(over_channels(where, x), picture.index_select(0, image), x.index_select(0, image))

    return hide


def hidden(x: Tensor, where: Tensor, fill: Fill = "black", *, seed: int = 0) -> Tensor:
    """The inputs with the places `where` hidden.

    Args:
        x, fill, seed: as for `fill_picture`; `fill` may be "inpaint": from the surroundings that are left, by a
            push-pull pyramid (Gortler et al. 1996, The lumigraph, section 3.4.2); the mean where nothing is left.
        where: bool, `(N, H, W)`, `(N, L)` or `(N, D)`; or one for all inputs.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    places = (len(x), *(x.shape[2:] or x.shape[1:]))
    if not isinstance(where, Tensor) or where.dtype != torch.bool:
        got = getattr(where, "dtype", type(where).__name__)
        raise TypeError(f"where must be a bool tensor, got {got}; of a mask of values: mask < 0.5")
    try:
        where = where.to(x.device).expand(places)
    except RuntimeError:
        raise ValueError(f"where must fit the shape {places}, got {tuple(where.shape)}") from None
    return hiding(x, fill, seed=seed)(torch.arange(len(x), device=x.device), where)


def blurred(x: Tensor, sigma: float) -> Tensor:
    """Pictures `(N, C, H, W)` or signals `(N, C, L)` blurred by a Gaussian of standard deviation `sigma`, in places.

    The kernel ends at three standard deviations, or at the next place; at the border the picture is mirrored.
    """
    for axis in range(2, x.ndim):
        x = (x.movedim(axis, -1) @ _mirrored_gaussian(x.shape[axis], sigma).to(x)).movedim(-1, axis)
    return x.contiguous()


def _mirrored_gaussian(length: int, sigma: float) -> Tensor:
    """The matrix whose column `i` holds what each of `length` places gives to place `i`."""
    radius = min(max(1, int(3 * sigma)), length - 1)
    offsets = torch.arange(-radius, radius + 1)
    weights = torch.exp(-0.5 * (offsets.double() / sigma) ** 2)
    places = (torch.arange(length)[:, None] + offsets).abs()
    mirrored = torch.where(places < length, places, 2 * (length - 1) - places)
    given = torch.zeros(length, length, dtype=torch.float64)
    return given.scatter_add_(1, mirrored, (weights / weights.sum()).expand_as(mirrored)).T


def _inpainted(x: Tensor, where: Tensor) -> Tensor:
    if x.ndim == 3:  # a signal is a picture of one row
        return _inpainted(x[:, :, None], where[:, :, None])[:, :, 0]
    known = (~where).to(x)
    nothing_left = ~known.flatten(1).any(1).view(-1, 1, 1, 1)
    filled = _pulled(torch.where(where, 0, x), known)
    return torch.where(where, torch.where(nothing_left, x.mean((2, 3), keepdim=True), filled), x)


def _pulled(values: Tensor, known: Tensor) -> Tensor:
    """`values`, which are zero where not `known`, completed from a picture of half their size, itself completed."""
    height, width = values.shape[-2:]
    if height == width == 1 or bool(known.all()):
        return values
    size = (min(2, height), min(2, width))
    share = F.avg_pool2d(known, size, ceil_mode=True)
    half = F.avg_pool2d(values, size, ceil_mode=True) / torch.where(share > 0, share, 1)
    coarse = _pulled(half, (share > 0).to(share))
    fine = F.interpolate(coarse, scale_factor=size, mode="bilinear")[..., :height, :width]
    return torch.where(known > 0, values, fine)


def over_channels(places: Tensor, x: Tensor) -> Tensor:
    """A value for each place, `(B, H, W)`, `(B, L)` or `(B, D)`, so that it spreads over the channels of `x`."""
    return places[:, None] if x.ndim > 2 else places


def _over_places(values: Tensor, x: Tensor) -> Tensor:
    return values.view(*values.shape, *[1] * (x.ndim - 2))


def _named(names: tuple[str, ...]) -> str:
    return ", ".join(map(repr, names))
