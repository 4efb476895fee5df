"""What every expert asks of pictures, and the arithmetic they share."""

import math

import torch
from torch import Tensor, nn

EXACT, SPARE, TURNS = 2000, 10, 6  # rows or columns of an exact answer; further directions and rounds of a found one


class PictureDensity(nn.Module):
    """A density over pictures of one shape, with its numbers in buffers: the part that all experts share."""

    normalised = True
    mean: Tensor

    def flat(self, x: Tensor) -> Tensor:
        """x (N, …) as rows (N, D), for the density; ValueError where it holds other pictures or NaN."""
        shape = tuple(self.mean.shape)
        if not isinstance(x, Tensor) or not x.is_floating_point():
            raise TypeError(f"x must be a floating-point tensor, got {getattr(x, 'dtype', type(x).__name__)}")
        if tuple(x.shape[1:]) != shape or x.ndim != len(shape) + 1:
            raise ValueError(f"x must be (N, {', '.join(map(str, shape))}) for this expert, got {tuple(x.shape)}")
        if x.isnan().any():
            raise ValueError("x must be without NaN: there is no density of a picture that holds some")
        return x.flatten(1)

    def like(self, x: Tensor, *names: str) -> list[Tensor]:
        """The buffers of these names in the dtype and on the device of x."""
        return [getattr(self, name).to(x) for name in names]


def check_data(x: Tensor, least: int) -> Tensor:
    """x (N, …) as rows (N, D); ValueError unless it holds `least` or more pictures of finite numbers."""
    if not isinstance(x, Tensor) or not x.is_floating_point() or x.ndim < 2:
        kind = f"{tuple(x.shape)} {x.dtype}" if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"x must be floating-point pictures (N, …), got {kind}")
    if len(x) < least:
        raise ValueError(f"x must hold at least {least} pictures to fit this expert, got {len(x)}")
    if not x.isfinite().all():
        raise ValueError("x must be finite: it holds NaN or infinity")
    return x.flatten(1)


def check_axes(axes: int, rows: Tensor) -> None:
    """ValueError unless rows (N, D) leave room beside this many principal axes."""
    count, size = rows.shape
    most = min(count - 1, size) - 1
    if not 1 <= axes <= most:
        raise ValueError(f"axes must be from 1 to {most} for {count} pictures of {size} numbers, got {axes}")


def check_noise(noise: float) -> None:
    """ValueError unless noise is a deviation."""
    if not 0 <= noise < math.inf:
        raise ValueError(f"noise must be a standard deviation, 0 or more, got {noise}")


def principal_axes(x: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Of rows x (N, D): the mean (D,), the first `count` axes (D, count), variances along them, mean variance beside.

    Exact in float64 for up to 2,000 rows or columns. Larger ones in their own dtype, by subspace iteration from random
    directions: N. Halko, P. G. Martinsson, J. A. Tropp, "Finding structure with randomness", SIAM Review 53 (2011).
    """
    few = min(x.shape) <= EXACT
    x = x.double() if few else x
    mean = x.mean(dim=0)
    centred = x - mean
    values, axes = (_exact_axes if few else _found_axes)(centred, count)
    rest = max(float(centred.square().sum()) / len(x) - float(values.sum()), 0.0) / max(x.shape[1] - count, 1)
    return mean.double(), axes.double(), values.double(), torch.tensor(rest, dtype=torch.float64)


def _exact_axes(centred: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """By the eigenvectors of the smaller of the two Gram matrices."""
    wide = centred.shape[1] > len(centred)
    gram = (centred @ centred.T if wide else centred.T @ centred) / len(centred)
    values, vectors = torch.linalg.eigh(gram)
    values, vectors = values.flip(0)[:count].clamp(min=0), vectors.flip(1)[:, :count]
    return values, torch.linalg.qr(centred.T @ vectors)[0] if wide else vectors


def _found_axes(centred: Tensor, count: int) -> tuple[Tensor, Tensor]:
    start = torch.randn(centred.shape[1], count + SPARE, generator=torch.Generator().manual_seed(0))
    axes = start.to(centred)
    for _ in range(TURNS):
        axes = torch.linalg.qr(centred.T @ (centred @ axes))[0]
    scores = centred @ axes
    values, turn = torch.linalg.eigh(scores.T @ scores / len(centred))
    return values.flip(0)[:count], (axes @ turn.flip(1))[:, :count]


def isotropic(squares: Tensor, dimensions: int, variance: Tensor) -> Tensor:
    """Log-density of N(0, variance I) in that many dimensions, at points of these squared lengths."""
    return -(squares / variance + dimensions * (variance.log() + math.log(2 * math.pi))) / 2
