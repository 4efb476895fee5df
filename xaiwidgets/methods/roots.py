"""Root points of simple Taylor decomposition: inputs near `x` at which the class score is zero."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from xaiwidgets.methods.inputs import target_scores
from xaiwidgets.methods.slopes import slope
from xaiwidgets.progress import track

SCAN = 32  # points looked at on the way, to find the first change of sign
BISECTIONS = 40


class NoRootError(ValueError):
    """No root point was found on the way that was searched."""


def find_root(model: nn.Module, x: Tensor, target: Tensor, search: str, baseline: Tensor) -> Tensor:
    """The first zero of the score on a way that starts at `x`, by scanning and bisection; see `root_point`."""
    with torch.no_grad():
        scores = target_scores(model, x, target)
    if search == "gradient":
        way, stops = _along_the_gradient(model, x, target, scores)
    elif search == "line":
        way, stops = baseline - x, torch.linspace(0, 1, SCAN + 1)[1:].tolist()
    else:
        raise ValueError(f"search must be 'gradient' or 'line', got {search!r}")
    return _first_zero(lambda t: _at(model, x + _wide(t, x) * way, target), scores, stops, x, way)


def _along_the_gradient(model: nn.Module, x: Tensor, target: Tensor, scores: Tensor) -> tuple[Tensor, list[float]]:
    """The step that would end at zero if the model were linear, and multiples of it to look at."""
    slopes = slope(model, x, target)
    length = slopes.square().flatten(1).sum(1)
    step = torch.where(length > 0, scores / length.clamp(min=torch.finfo(x.dtype).tiny), 0)
    near = torch.linspace(0, 2, SCAN // 2 + 1)[1:].tolist()
    far = torch.logspace(1.1, 6, SCAN - len(near), base=2).tolist()
    return -_wide(step, x) * slopes, near + far


def _first_zero(score: Callable[[Tensor], Tensor], start: Tensor, stops: list[float], x: Tensor, way: Tensor) -> Tensor:
    """`x + t · way` at the first `t` where `score` changes sign."""
    low = torch.zeros_like(start)
    high = torch.full_like(start, torch.nan)
    for stop in track(stops, "Looking for a root"):
        t = torch.full_like(start, stop)
        crossed = high.isnan() & (score(t) * start.sign() <= 0)
        high = torch.where(crossed, t, high)
        low = torch.where(high.isnan(), t, low)
        if not high.isnan().any():
            break
    missing = high.isnan() & (start != 0)
    if missing.any():
        first = int(missing.nonzero()[0])
        raise NoRootError(
            f"no root point found for {int(missing.sum())} of {len(x)} inputs (first: number {first}, score "
            f"{start[first]:.3g}); try the other search, a baseline with a score of the other sign, or give root"
        )
    high = torch.where(start == 0, 0, high)
    low = torch.where(start == 0, 0, low)
    for _ in track(range(BISECTIONS), "Closing in on the root"):
        middle = (low + high) / 2
        beyond = score(middle) * start.sign() <= 0
        low, high = torch.where(beyond, low, middle), torch.where(beyond, middle, high)
    return x + _wide((low + high) / 2, x) * way


def _at(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    with torch.no_grad():
        return target_scores(model, x, target)


def _wide(values: Tensor, x: Tensor) -> Tensor:
    """`(N,)` as `(N, 1, …)`, to multiply with `x`."""
    return values.view(-1, *[1] * (x.ndim - 1))
