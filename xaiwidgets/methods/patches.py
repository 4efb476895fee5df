"""What might have stood in a patch of the input: drawn from data, or from a Gaussian given the patch's surroundings."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from xaiwidgets.methods.windows import Windows
from xaiwidgets.progress import track

RIDGE = 0.01  # of the mean variance, added to each variance: there are fewer data than pairs of places
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
    generator = torch.Generator().manual_seed(seed)
    chosen = data[torch.randperm(len(data), generator=generator)[torch.arange(samples) % len(data)].to(data.device)]

    def draw(image: Tensor, which: Tensor, sample: Tensor) -> Tensor:
        return torch.where(_over(windows.where(which), x), chosen[sample], x[image])

    return draw


def conditional(x: Tensor, windows: Windows, data: Tensor, samples: int, seed: int, padding: int | None) -> Draw:
    """Patches drawn from a Gaussian, given the places within `padding` of the window (None: all); else as `marginal`.

    Zintgraf et al. 2017, section 3.1: `patch | surroundings` is Gaussian with mean
    `μ_p + Σ_ps Σ_ss⁻¹ (s - μ_s)` and covariance `Σ_pp - Σ_ps Σ_ss⁻¹ Σ_sp`, from the data, for each window; `Σ` is their
    covariance with `RIDGE` times its mean variance on the diagonal.
    """
    generator = torch.Generator().manual_seed(seed)
    means, deviations = [], []
    for which in track(range(windows.count), "Fitting"):
        where = windows.where(torch.tensor([which], device=x.device))
        near = _over(_grown(where, padding) & ~where, x).expand_as(x[:1])[0]
        patch = _over(where, x).expand_as(x[:1])[0]
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
        return replaced.masked_scatter_(_over(windows.where(which), x).expand_as(replaced), torch.cat(patches))

    return draw


def _given(patch: Tensor, near: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
    """The conditional Gaussian of data `patch` `(M, p)` given `near` `(M, s)`, for `seen` `(N, s)`.

    Returns:
        Its means `(N, p)`, and the square root `(p, p)` of its covariance.
    """
    p, mean = patch.shape[1], torch.cat([patch, near], 1).mean(0)
    covariance = torch.cat([patch, near], 1).T.cov().view(len(mean), len(mean))
    covariance.diagonal().add_(RIDGE * (covariance.diagonal().mean() or 1.0))
    of_both, of_near = covariance[:p, p:], covariance[p:, p:]
    weights = torch.linalg.solve(of_near, of_both.T).T if near.shape[1] else of_both
    left = covariance[:p, :p] - weights @ of_both.T
    values, vectors = torch.linalg.eigh((left + left.T) / 2)
    return mean[:p] + (seen - mean[p:]) @ weights.T, vectors * values.clamp(min=0).sqrt() @ vectors.T


def _grown(where: Tensor, padding: int | None) -> Tensor:
    if padding is None:
        return torch.ones_like(where)
    for axis in range(1, where.ndim):
        lines = where.movedim(axis, -1)
        grown = F.max_pool1d(lines.flatten(0, -2).float(), 2 * padding + 1, 1, padding)
        where = grown.view(lines.shape).bool().movedim(-1, axis)
    return where


def _over(where: Tensor, x: Tensor) -> Tensor:
    return where[:, None] if x.ndim > 2 else where
