"""What might have stood in a patch of the input: drawn from data, or from a Gaussian given the patch's surroundings."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from xaiwidgets.methods.fills import over_channels
from xaiwidgets.methods.windows import Windows
from xaiwidgets.progress import track

RIDGE = 0.01  # of a variance, added to it: there are fewer data than pairs of places
LARGEST = 4096  # values in a fit: its covariance takes 128 MiB
Draw = Callable[[Tensor, Tensor, Tensor], Tensor]


def marginal(x: Tensor, windows: Windows, data: Tensor, samples: int, seed: int) -> Draw:
    """Patches of other inputs at the same place.

    Args:
        x: inputs.
        windows: over `x`.
        data: `(M, …)`.
        samples: drawn from `data` without replacement; in order, again and again, where there are fewer.
        seed: of the draw.

    Returns:
        A function: indices of inputs, of windows and of samples, each `(B,)` -> the inputs with the window replaced.
    """
    generator = torch.Generator().manual_seed(int(seed))
    chosen = data[torch.randperm(len(data), generator=generator)[torch.arange(samples) % len(data)].to(data.device)]

    def draw(image: Tensor, which: Tensor, sample: Tensor) -> Tensor:
        return torch.where(over_channels(windows.where(which), x), chosen[sample], x[image])

    return draw


def conditional(x: Tensor, windows: Windows, data: Tensor, samples: int, seed: int, padding: int | None) -> Draw:
    """Patches drawn from a Gaussian, given the places within `padding` of the window (None: all); else as `marginal`.

    Zintgraf et al. 2017, section 3.1: `patch | surroundings` is Gaussian with mean
    `μ_p + Σ_ps Σ_ss⁻¹ (s - μ_s)` and covariance `Σ_pp - Σ_ps Σ_ss⁻¹ Σ_sp`, from the data, for each window; `Σ` is their
    covariance with each variance raised by the share `RIDGE`, whatever the scales of the columns are.

    Raises:
        ValueError: for more than `LARGEST` values in a window and its surroundings.
    """
    _check_size(x, windows, padding)
    generator = torch.Generator().manual_seed(int(seed))
    means, deviations = [], []
    for which in track(range(windows.count), "Fitting"):
        where = windows.where(torch.tensor([which], device=x.device))
        near = over_channels(_grown(where, padding) & ~where, x).expand_as(x[:1])[0]
        patch = over_channels(where, x).expand_as(x[:1])[0]
        mean, root = _given(data[:, patch].double(), data[:, near].double(), x[:, near].double())
        noise = torch.randn(samples, len(root), generator=generator, dtype=torch.float64).to(root.device)
        means.append(mean.to(x))
        deviations.append((noise @ root).to(x))

    def draw(image: Tensor, which: Tensor, sample: Tensor) -> Tensor:
        patches = [
            means[w][i] + deviations[w][s]
            for i, w, s in zip(*(each.tolist() for each in (image, which, sample)), strict=True)
        ]
        replaced = x[image]
        return replaced.masked_scatter_(over_channels(windows.where(which), x).expand_as(replaced), torch.cat(patches))

    return draw


def _given(patch: Tensor, near: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
    """The conditional Gaussian of data `patch` `(M, p)` given `near` `(M, s)`, for `seen` `(N, s)`.

    Returns:
        Its means `(N, p)`, and a root `(p, p)` of its covariance, `rootᵀ root`.
    """
    p, both = patch.shape[1], torch.cat([patch, near], 1)
    offsets, mean = both - both[0], both.mean(0)  # exactly zero in a column that never changes
    scale = offsets.std(0)
    scale = torch.where(scale > 0, scale, 1)
    covariance = (offsets / scale).T.cov().view(len(mean), len(mean))
    covariance.diagonal()[:p].mul_(1 + RIDGE)  # a constant stays one
    covariance.diagonal()[p:].add_(RIDGE)
    of_both, of_near = covariance[:p, p:], covariance[p:, p:]
    weights = torch.linalg.solve(of_near, of_both.T).T if near.shape[1] else of_both
    left = covariance[:p, :p] - weights @ of_both.T
    values, vectors = torch.linalg.eigh((left + left.T) / 2)
    means = mean[:p] + ((seen - mean[p:]) / scale[p:]) @ weights.T * scale[:p]
    return means, vectors * values.clamp(min=0).sqrt() @ vectors.T * scale[:p]


def _check_size(x: Tensor, windows: Windows, padding: int | None) -> None:
    reached = list(windows.places)
    if padding is not None:
        reached = [min(place, size + 2 * padding) for place, size in zip(reached, windows.window, strict=True)]
    values = math.prod(reached) * (x.shape[1] if x.ndim > 2 else 1)
    if values > LARGEST:
        names = "x" if padding is None else "window and padding together"
        smaller = "" if padding is None else "a smaller window or padding, or "
        raise ValueError(
            f"{names} must hold at most {LARGEST} values for sampling 'conditional', got {values}; "
            f"take {smaller}sampling='marginal'"
        )


def _grown(where: Tensor, padding: int | None) -> Tensor:
    if padding is None:
        return torch.ones_like(where)
    for axis in range(1, where.ndim):
        lines = where.movedim(axis, -1)
        grown = F.max_pool1d(lines.flatten(0, -2).float(), 2 * padding + 1, 1, padding)
        where = grown.view(lines.shape).bool().movedim(-1, axis)
    return where
