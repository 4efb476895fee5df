"""A walk through input space: how do score and gradient change on the straight line between two inputs?

Balduzzi et al. 2017, The shattered gradients problem, https://arxiv.org/abs/1702.08591: the deeper a plain ReLU net,
the more its gradient on such a walk resembles white noise, although the score hardly does.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from xaiwidgets.methods.gradients import gradient
from xaiwidgets.methods.inputs import prepare, target_scores


class Walk(NamedTuple):
    """What was met on a walk of `n` equal steps.

    points:    `(n, …)`, the inputs, both ends included
    scores:    `(n,)`, the logit of the target class
    gradients: `(n, …)`, of that logit, in logits per unit of the input
    """

    points: Tensor
    scores: Tensor
    gradients: Tensor

    @property
    def slopes(self) -> Tensor:
        """The gradient along the walk, `∇f(x_i) · (end - start) / ‖end - start‖`, `(n,)`, in logits per unit."""
        way = (self.points[-1] - self.points[0]).flatten()
        return self.gradients.flatten(1) @ (way / way.norm())


def walk(
    model: nn.Module,
    start: Tensor,
    end: Tensor,
    target: int,
    *,
    steps: int = 128,
    method: Callable[[nn.Module, Tensor, Tensor | int], Tensor] = gradient,
) -> Walk:
    """Go from `start` to `end` on a straight line and take the score and its gradient at each step.

    Args:
        model: classifier, `(N, …)` -> logits `(N, K)`; left as it was found.
        start, end: two different inputs, `(…)`, without a batch dimension.
        target: class index.
        steps: number of points, both ends included; two or more.
        method: what to take for the gradient, such as `smoothgrad`.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    if not isinstance(start, Tensor) or not isinstance(end, Tensor):
        raise TypeError(f"start and end must be tensors, got {type(start).__name__} and {type(end).__name__}")
    if start.shape != end.shape:
        raise ValueError(f"start and end must have one shape, got {tuple(start.shape)} and {tuple(end.shape)}")
    if torch.equal(start, end):
        raise ValueError("start and end are the same input: a walk needs two different ones")
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 2:
        raise ValueError(f"steps must be an integer, 2 or more, got {steps!r}")
    share = torch.linspace(0, 1, steps, dtype=start.dtype, device=start.device).view(-1, *[1] * start.ndim)
    model, points, classes = prepare(model, start + share * (end - start), target)
    with torch.no_grad():
        scores = target_scores(model, points, classes)
    return Walk(points, scores, method(model, points, target))


def autocorrelation(values: Tensor) -> Tensor:
    """How much do values `k` steps apart resemble each other?  `(n,)`, for `k = 0 … n - 1`

    `a_k = Σ_{i<n-k} (v_i - v̄) · (v_{i+k} - v̄) / Σ_i ‖v_i - v̄‖²`: the mean `v̄` is removed and `a_0 = 1`. This is the
    biased estimate (every sum is divided by the same number, not by its `n - k` terms), which stays within [-1, 1] and
    fades out at large `k`. White noise gives about 0 for every `k > 0`.

    Args:
        values: `(n,)`, or vectors `(n, …)`, whose inner products are taken.

    Returns:
        `(n,)`; NaN where all values are the same: nothing varies, so nothing can be compared.

    Raises:
        ValueError: for fewer than two values.
    """
    if values.ndim < 1 or len(values) < 2:
        raise ValueError(f"values must be two or more, (n, …), got shape {tuple(values.shape)}")
    count = len(values)
    centred = values.reshape(count, -1).cpu().double()
    scale = centred.abs().amax()
    centred = centred - centred.mean(0)
    if centred.abs().amax() <= 16 * torch.finfo(values.dtype).eps * scale:
        return torch.full((count,), torch.nan, dtype=values.dtype, device=values.device)
    products = centred @ centred.T  # row i, column j: v_i · v_j
    sums = torch.stack([products.diagonal(k).sum() for k in range(count)])
    return (sums / sums[0]).to(values.dtype)


def cosine_at_distance(gradients: Tensor) -> Tensor:
    """Mean cosine of the angle between vectors `k` steps apart, `(n,)` for `k = 0 … n - 1`; vectors `(n, …)`.

    Unlike `autocorrelation` it keeps the mean: a model whose gradient is the same everywhere gives 1. Pairs with a
    vector of zeros have no angle and are left out; NaN where none is left.
    """
    vectors = gradients.flatten(1).cpu().double()
    lengths = vectors.norm(dim=1, keepdim=True)
    unit = torch.where(lengths > 0, vectors / lengths, torch.nan)
    cosines = unit @ unit.T
    means = torch.stack([cosines.diagonal(k).nanmean() for k in range(len(vectors))])
    return means.to(gradients.dtype)


def half_distance(correlation: Tensor) -> float:
    """The first place at which a correlation `(n,)` falls below 1/2, as a share of the walk; NaN if it never does."""
    below = (correlation < 0.5).nonzero()
    return float(below[0]) / (len(correlation) - 1) if len(below) else float("nan")
