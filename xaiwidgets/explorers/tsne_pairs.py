"""One point and all others: how near they are in the data, how near on the map, and why the map has a heavy tail."""

from dataclasses import dataclass

import torch
from torch import Tensor

from xaiwidgets.explorers.tsne_points import Space
from xaiwidgets.methods.tsne_affinities import Affinities, blocks, exact, squared_distances

LEAST = -12.0  # logarithm below which nothing is drawn
GROWTH = 1.35  # of the groups of points, from the nearest one on
BY = {"on the map": "distance on the map", "in the data": "distance in the data, in σ of the point"}


@dataclass(frozen=True)
class Pairs:
    """Curves over the distance from one point.

    Attributes:
        distance: of each group of points, `(n,)`, increasing.
        names, curves: decimal logarithms of the mean in each group, `(k, n)`.
    """

    distance: Tensor
    names: list[str]
    curves: Tensor


def pairs_of(space: Space, near: Affinities, y: Tensor, point: int, by: str) -> Pairs:
    """`p_ij` and `q_ij` of a point `i` against the distance of `j`, as means over groups of points.

    The nearest points are a group each, those farther away are taken together. On the map there is a third curve: the
    Gaussian `exp(-‖y_i - y_j‖²)` in place of the Cauchy distribution, as in SNE.
    """
    away = (y - y[point]).square().sum(1)
    p, q = near.joint[point], (1 + away).reciprocal() / _total(y)
    curves = {"p data": p, "q map": q}
    if by == "on the map":
        distance = away.sqrt()
        curves["Gauss"] = torch.exp(-away) / _total(y, gaussian=True)
    else:
        distance = (space.x - space.x[point]).norm(dim=1) / near.sigma[point]
    order = distance.argsort()
    order = order[order != point]
    groups = _groups(len(order))

    def means(values: Tensor) -> Tensor:
        return torch.stack([group.mean() for group in values[order].double().cpu().split(groups)])

    logarithms = torch.stack([means(values).log10().clamp(min=LEAST) for values in curves.values()])
    return Pairs(means(distance), list(curves), logarithms)


def _total(y: Tensor, gaussian: bool = False) -> float:
    """The sum over all pairs by which similarities are divided."""
    y, total = exact(y), 0.0
    for some in blocks(len(y)):
        away = squared_distances(y[some], y)
        away.diagonal(some.start).fill_(torch.inf)  # no point is near to itself
        total += float((torch.exp(-away) if gaussian else (1 + away).reciprocal()).sum())
    return max(total, 1e-300)


def _groups(count: int) -> list[int]:
    """Lengths of the groups, from the nearest point on."""
    lengths, size = [], 1.0
    while count > 0:
        lengths.append(min(int(size), count))
        count -= lengths[-1]
        size *= GROWTH
    return lengths
