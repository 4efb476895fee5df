"""How far can a map be trusted: which neighbours in it are neighbours in the data?"""

import torch
from sklearn.manifold import trustworthiness as trustworthiness_of_arrays
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from xaiwidgets.methods.tsne_affinities import check_points


def trustworthiness(x: Tensor, y: Tensor, neighbours: int = 10) -> float:
    """Are neighbours in the map neighbours in the data? 1: always; about 0.5: as in a random map.

        1 - 2 / (N k (2N - 3k - 1)) Σ_i Σ_j max(0, r(i, j) - k)

    over the k nearest points `j` of each point `i` in the map; `r(i, j)` is the rank of `j` among the neighbours of
    `i` in the data. Venna and Kaski 2001, "Neighborhood preservation in nonlinear projection methods".

    Args:
        x: points of the data, `(N, …)`.
        y: the same points in the map, `(N, d)`.
        neighbours: `k`, below N / 2.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    x, y = _checked(x, y, neighbours)
    return float(trustworthiness_of_arrays(x, y, n_neighbors=neighbours))


def neighbour_preservation(x: Tensor, y: Tensor, neighbours: int = 10) -> float:
    """Which share of the `neighbours` nearest points in the data is among as many nearest points in the map?

    Between 0 and 1; in a random map about `neighbours / (N - 1)`. Arguments and errors as for `trustworthiness`.
    """
    near = [nearest(each, neighbours) for each in _checked(x, y, neighbours)]
    kept = (near[0][:, :, None] == near[1][:, None]).any(2)
    return float(kept.double().mean())


def nearest(points: object, neighbours: int) -> Tensor:
    """Indices `(N, neighbours)` of the points nearest to each of `points` `(N, D)`, the nearest first, not itself."""
    found = NearestNeighbors(n_neighbors=neighbours).fit(points).kneighbors(return_distance=False)
    return torch.from_numpy(found)


def _checked(x: Tensor, y: Tensor, neighbours: int) -> list:
    x, y = (check_points(each).flatten(1).cpu().numpy() for each in (x, y))
    if len(x) != len(y):
        raise ValueError(f"y must have a place for each of the {len(x)} points of x, got {len(y)}")
    if not 1 <= neighbours < len(x) / 2:
        raise ValueError(f"neighbours must be from 1 to below {len(x) / 2:g}, half of the points, got {neighbours}")
    return [x, y]
