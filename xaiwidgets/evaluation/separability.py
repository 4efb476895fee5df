"""How well do the classes stand apart in a space, of pixels or of a layer? By the neighbours, and by the distances."""

import torch
from torch import Tensor

from xaiwidgets.evaluation.neighbours import nearest
from xaiwidgets.methods.tsne_affinities import blocks, check_points, exact, squared_distances


def knn_accuracy(x: Tensor, labels: Tensor, neighbours: int = 10) -> float:
    """Do the nearest neighbours of a point tell its class?  The share of the points whose neighbours vote rightly

    Each point is classified by the votes of its `k` nearest other points (leave-one-out, Euclidean distance); of
    classes with as many votes, the one with the nearest point wins. 1: every point lies among its own class; a space
    without any order gives about the share of the largest class. It needs no training, and a class may have any shape
    and lie in several pieces. Source: T. Cover, P. Hart, Nearest neighbor pattern classification, 1967.

    Args:
        x: points `(N, …)`, flattened from axis 1 on: pictures, or what a layer hands on.
        labels: `(N,)`, the class of each point, whole numbers.
        neighbours: `k`, from 1 to N - 1.

    Returns:
        A share of the points, in [0, 1].

    Raises:
        ValueError, TypeError: naming the argument, what came and what was expected.
    """
    points, labels = _checked(x, labels)
    if isinstance(neighbours, bool) or not isinstance(neighbours, int):
        raise TypeError(f"neighbours must be a whole number, got {type(neighbours).__name__}")
    if not 1 <= neighbours < len(points):
        raise ValueError(f"neighbours must be from 1 to {len(points) - 1} for {len(points)} points, got {neighbours}")
    votes = labels.cpu()[nearest(points, neighbours)]  # (N, k), the nearest first
    agreeing = torch.stack([(votes == vote[:, None]).sum(dim=1) for vote in votes.T], dim=1)
    chosen = votes.gather(1, agreeing.argmax(dim=1, keepdim=True))  # argmax finds the first, so the nearest
    return float((chosen[:, 0] == labels.cpu()).double().mean())


def distance_ratio(x: Tensor, labels: Tensor) -> float:
    """How much further apart are points of two classes than of one?  `mean ‖x_i - x_j‖ between / mean within`

    Means over all pairs of points of two classes, and over all pairs of two points of one class; Euclidean distance.
    1: the classes make no difference. No unit: all of space may be enlarged. Unlike the neighbours' votes it asks for
    compact classes; and since in many dimensions all distances are alike, small differences from 1 count there.

    Args:
        x: points `(N, …)`, flattened from axis 1 on.
        labels: `(N,)`, the class of each point, whole numbers.

    Returns:
        A ratio, 0 or more; infinity where all points of a class are one point.

    Raises:
        ValueError, TypeError: naming the argument, what came and what was expected.
    """
    points, labels = _checked(x, labels)
    points = exact(points) - exact(points).mean(dim=0)  # smaller numbers, smaller rounding errors
    sums, counts = points.new_zeros(2), points.new_zeros(2)  # between classes, within
    for some in blocks(len(points)):
        distances = squared_distances(points[some], points).sqrt_()
        same = labels[some, None] == labels
        sums += torch.stack([distances[~same].sum(), distances[same].sum()])
        counts += torch.stack([(~same).sum(), same.sum() - len(distances)])
    if not counts.all():
        raise ValueError(f"labels must name two classes or more, one of them twice, got {sorted(set(labels.tolist()))}")
    between, within = sums / counts
    return float(between / within)


def _checked(x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Points `(N, D)`, and their classes on the same device."""
    points = check_points(x).flatten(1)
    if not isinstance(labels, Tensor):
        raise TypeError(f"labels must be a tensor, got {type(labels).__name__}")
    if labels.shape != x.shape[:1] or labels.is_floating_point():
        kind = f"{tuple(labels.shape)} {labels.dtype}"
        raise ValueError(f"labels must be ({len(x)},) whole numbers, one for each point, got {kind}")
    return points, labels.to(points.device)
