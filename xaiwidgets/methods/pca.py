"""Principal component analysis: the directions in which the data vary most, and the data seen along them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from xaiwidgets.methods.tsne_affinities import check_points, exact


@dataclass(frozen=True)
class PCA:
    """Data along their principal components.

    Attributes:
        scores: coordinates `(x - mean) · directions`, `(N, k)`.
        directions: orthonormal rows, `(k, D)`, in the order of the variance; of each the entry largest in size is
            positive, so that the same data always give the same picture.
        share: of the whole variance along each direction, `(k,)`.
        mean: of the data, `(D,)`.
    """

    scores: Tensor
    directions: Tensor
    share: Tensor
    mean: Tensor


def pca(x: Tensor, components: int = 2) -> PCA:
    """Along which few directions do the points differ most?

    Args:
        x: points, `(N, …)`, floating point; all values of a point are its D coordinates.
        components: directions wanted, at most `min(N, D)`.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    points = check_points(x).flatten(1)
    most = min(points.shape)
    if isinstance(components, bool) or not isinstance(components, int) or not 1 <= components <= most:
        raise ValueError(f"components must be from 1 to {most} for x of shape {tuple(x.shape)}, got {components!r}")
    mean = exact(points).mean(0)
    centred = exact(points) - mean
    # The smaller one of the two tables of products has the same eigenvalues.
    wide = centred.shape[1] > centred.shape[0]
    values, vectors = torch.linalg.eigh(centred @ centred.T if wide else centred.T @ centred)
    vectors = vectors.flip(1)[:, :components]
    # Where no variance is left a product is a rounding error: QR puts some direction at a right angle there.
    directions = (torch.linalg.qr(centred.T @ vectors).Q if wide else vectors).T
    largest = directions.gather(1, directions.abs().argmax(1, keepdim=True))
    directions = directions * torch.where(largest < 0, -1.0, 1.0).to(directions)
    share = values.flip(0)[:components].clamp(min=0) / values.sum()
    found = centred @ directions.T, directions, share, mean
    return PCA(*(each.to(points.dtype) for each in found))
