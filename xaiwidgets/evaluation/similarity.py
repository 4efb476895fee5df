"""How alike are two maps? By the order of their values, or by their local structure."""

import torch
from torch import Tensor


def rank_correlation(a: Tensor, b: Tensor, *, absolute: bool = False) -> Tensor:
    """Do two maps put the same places first?  Spearman's rank correlation of each pair, `(N,)`, within [-1, 1]

    Pearson's correlation of the ranks; equal values share the mean of their ranks. 1: the same order; 0: none in
    common; -1: reversed.

    Args:
        a, b: maps of one shape, `(N, …)`.
        absolute: compare absolute values: where something matters, whatever its sign.

    Returns:
        `(N,)`; NaN where all values of a map are the same.

    Raises:
        ValueError: for two shapes, or no batch dimension.
    """
    _check(a, b)
    if absolute:
        a, b = a.abs(), b.abs()
    first, second = (torch.stack([_ranks(each) for each in maps.flatten(1)]) for maps in (a, b))
    first, second = (ranks - ranks.mean(1, keepdim=True) for ranks in (first, second))
    lengths = first.norm(dim=1) * second.norm(dim=1)
    return ((first * second).sum(1) / lengths).to(a.dtype)  # 0 / 0 where a map is constant


def _ranks(values: Tensor) -> Tensor:
    """Rank of each value `(n,)`, from 0; the mean rank where several are equal."""
    _, place, counts = values.unique(return_inverse=True, return_counts=True)
    last = counts.cumsum(0).double() - 1
    return (last - (counts - 1) / 2)[place]


def structural_similarity(a: Tensor, b: Tensor) -> Tensor:
    """Do two maps look alike, piece by piece?  SSIM of each pair, `(N,)`, 1 for equal maps

    Wang et al. 2004, Image quality assessment, equation 13, over windows of 7 x 7, which is made for pictures. So a map
    is taken to [0, 1] as it is painted: zero becomes 1/2, the largest absolute value 0 or 1. A map is then compared
    with its multiple as with itself.

    Args:
        a, b: maps of one shape, `(N, H, W)`, or `(N, C, H, W)`, whose channels are summed; 7 x 7 or larger.

    Raises:
        ValueError: for two shapes, another number of dimensions, or maps that are too small.
    """
    from skimage.metrics import structural_similarity as ssim  # here: it takes long to import

    _check(a, b)
    if a.ndim not in (3, 4) or min(a.shape[-2:]) < 7:
        raise ValueError(f"a and b must be (N, H, W) or (N, C, H, W), 7 x 7 or larger, got {tuple(a.shape)}")
    pairs = zip(_painted(a), _painted(b), strict=True)
    found = [float(ssim(one.numpy(), two.numpy(), data_range=1.0)) for one, two in pairs]
    return torch.tensor(found, dtype=a.dtype, device=a.device)


def _painted(maps: Tensor) -> Tensor:
    maps = (maps.sum(1) if maps.ndim == 4 else maps).detach().cpu().double()
    largest = maps.abs().amax((1, 2), keepdim=True)
    # Not [-1, 1]: there a map and its negative would be alike, the means' signs making up for the structures'.
    return 0.5 + 0.5 * maps / torch.where(largest > 0, largest, 1)


def _check(a: Tensor, b: Tensor) -> None:
    if not (isinstance(a, Tensor) and isinstance(b, Tensor)):
        raise TypeError(f"a and b must be tensors, got {type(a).__name__} and {type(b).__name__}")
    if a.shape != b.shape or a.ndim < 2:
        raise ValueError(f"a and b must be maps of one shape, (N, …), got {tuple(a.shape)} and {tuple(b.shape)}")
