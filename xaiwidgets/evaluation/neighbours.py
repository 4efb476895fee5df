"""How far can a map be trusted: which neighbours in it are neighbours in the data?"""

from collections.abc import Iterator

import torch
from torch import Tensor

from xaiwidgets.methods.tsne_affinities import blocks, check_points, exact, squared_distances


def trustworthiness(x: Tensor, y: Tensor, neighbours: int = 10) -> float:
    """Are neighbours in the map neighbours in the data? 1: always; about 0.5: as in a random map.

        1 - 2 / (N k (2N - 3k - 1)) Σ_i Σ_j max(0, r(i, j) - k)

    over the k nearest points `j` of each point `i` in the map; `r(i, j)` is the rank of `j` among the neighbours of
    `i` in the data, and points equally far have the best of their ranks. Venna and Kaski 2001, "Neighborhood
    preservation in nonlinear projection methods".

    Args:
        x: points of the data, `(N, …)`.
        y: the same points in the map, `(N, d)`.
        neighbours: `k`, below N / 2.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    x, y = _checked(x, y, neighbours)
    on_map, late = nearest(y, neighbours).to(x.device), 0
    for some, distances in _rows(x):
        ranks = torch.searchsorted(distances.sort(1).values, distances.gather(1, on_map[some])) + 1
        late += int((ranks - neighbours).clamp(min=0).sum())
    return 1 - 2 * late / (len(x) * neighbours * (2 * len(x) - 3 * neighbours - 1))


def neighbour_preservation(x: Tensor, y: Tensor, neighbours: int = 10) -> float:
    """Which share of the `neighbours` nearest points in the data is among as many nearest points in the map?

    Between 0 and 1; in a random map about `neighbours / (N - 1)`. Arguments and errors as for `trustworthiness`.
    """
    near = [nearest(each, neighbours) for each in _checked(x, y, neighbours)]
    kept = (near[0][:, :, None] == near[1][:, None]).any(2)
    return float(kept.double().mean())


def nearest(points: Tensor, neighbours: int) -> Tensor:
    """Indices `(N, neighbours)` of the points nearest to each of `points` `(N, D)`, the nearest first, not itself."""
    rows = [distances.topk(neighbours, largest=False).indices for _, distances in _rows(points)]
    return torch.cat(rows).cpu()


def _rows(points: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Squared distances `(B, N)` of some points from all, infinite from itself."""
    points = exact(points) - exact(points).mean(0)  # smaller numbers, smaller rounding errors
    for some in blocks(len(points)):
        distances = squared_distances(points[some], points)
        distances.diagonal(some.start).fill_(torch.inf)
        yield some, distances


def _checked(x: Tensor, y: Tensor, neighbours: int) -> list[Tensor]:
    x, y = (check_points(each).flatten(1) for each in (x, y))
    if len(x) != len(y):
        raise ValueError(f"y must have a place for each of the {len(x)} points of x, got {len(y)}")
    if isinstance(neighbours, bool) or not isinstance(neighbours, int):
        raise TypeError(f"neighbours must be a whole number, got {type(neighbours).__name__}")
    if not 1 <= neighbours < len(x) / 2:
        raise ValueError(f"neighbours must be from 1 to below {len(x) / 2:g}, half of the points, got {neighbours}")
    return [x, y]
