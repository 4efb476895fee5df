"""A mixture of Gaussians as a density of pictures: several kinds of picture, each with a shape of its own."""

import math

import torch
from torch import Generator, Tensor

from .expert_data import PictureDensity, check_axes, check_data, check_noise, isotropic, principal_axes

ROUNDS, ENOUGH = 200, 1e-4  # of expectation and maximisation; nats a picture below which it ends


class MixtureExpert(PictureDensity):
    """Σ_c π_c N(m_c, S_c) along k principal axes U, times N(0, r I) in all other directions.

    With d = x − mean, z = Uᵀ d and D pixels,

        log p(x) = log Σ_c π_c N(z; m_c, S_c) − ½ [ |d − U z|² / r + (D − k) log (2π r) ].

    mean (C, H, W), axes (D, k) orthonormal, weights (K,) = π, centres (K, k) = m, covariances (K, k, k) = S, rest ().
    """

    def __init__(
        self, mean: Tensor, axes: Tensor, weights: Tensor, centres: Tensor, covariances: Tensor, rest: Tensor
    ) -> None:
        super().__init__()
        given = {"mean": mean, "axes": axes, "weights": weights, "centres": centres, "covariances": covariances}
        for name, value in {**given, "rest": rest}.items():
            self.register_buffer(name, value)

    @classmethod
    def fit(cls, x: Tensor, *, components: int, axes: int = 40, noise: float = 0.0, seed: int = 0) -> "MixtureExpert":
        """The mixture of pictures x (N, …), by expectation and maximisation from centres drawn by the seed.

        Each S_c is pulled towards the mean of all, as if k further pictures had that covariance: a component of few
        pictures stays invertible. Source: M. E. Tipping, C. M. Bishop, "Mixtures of probabilistic principal component
        analyzers", Neural Computation 11 (1999); here the components share the axes and the variance beside them.
        noise: deviation of noise through which the pictures are seen; its square is added to every variance.
        """
        rows = check_data(x, 2 * components if components > 0 else 2).cpu()
        if components < 1:
            raise ValueError(f"components must be 1 or more, got {components}")
        check_axes(axes, rows)
        mean, directions, values, rest = principal_axes(rows, axes)
        if float(values.min()) <= 0 or float(rest) <= 0:
            raise ValueError(f"x must vary along more than {axes} axes: take fewer axes, or other pictures")
        check_noise(noise)
        scores = (rows.double() - mean) @ directions
        weights, centres, covariances = _expectation_maximisation(scores, components, Generator().manual_seed(seed))
        covariances = covariances + noise**2 * torch.eye(axes, dtype=torch.float64)
        buffers = (mean.reshape(x.shape[1:]), directions, weights, centres, covariances, rest + noise**2)
        return cls(*(value.to(x) for value in buffers))

    def log_density(self, x: Tensor) -> Tensor:
        """log p(x) in nats, (N,)."""
        rows = self.flat(x)
        mean, axes, rest = self.like(x, "mean", "axes", "rest")
        centred = rows - mean.flatten()
        scores = centred @ axes
        joint = _joint(scores, *self.like(x, "weights", "centres", "covariances"))
        beside = (centred - scores @ axes.T).square().sum(dim=1)
        return joint.logsumexp(dim=1) + isotropic(beside, axes.shape[0] - axes.shape[1], rest)


def _joint(scores: Tensor, weights: Tensor, centres: Tensor, covariances: Tensor) -> Tensor:
    """(N, K): log π_c N(z; m_c, S_c)."""
    factors = torch.linalg.cholesky(covariances)
    steps = (scores[None] - centres[:, None]).mT  # (K, k, N)
    squares = torch.linalg.solve_triangular(factors, steps, upper=False).square().sum(dim=1)
    halves = factors.diagonal(dim1=1, dim2=2).log().sum(dim=1) + scores.shape[1] * math.log(2 * math.pi) / 2
    return (weights.log() - halves)[None] - squares.T / 2


def _expectation_maximisation(scores: Tensor, components: int, generator: Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Weights, centres and covariances of scores (N, k)."""
    shares = _first_shares(scores, components, generator)
    before = -math.inf
    for _ in range(ROUNDS):
        mixture = _maximised(scores, shares)
        joint = _joint(scores, *mixture)
        level = float(joint.logsumexp(dim=1).mean())
        if abs(level - before) < ENOUGH:
            break
        shares, before = joint.softmax(dim=1), level
    return mixture


def _maximised(scores: Tensor, shares: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Weights, centres and covariances, given each picture's share (N, K) in the components."""
    size = scores.shape[1]
    counts = shares.sum(dim=0).clamp(min=1e-8)
    centres = shares.T @ scores / counts[:, None]
    steps = scores[None] - centres[:, None]
    scatter = torch.einsum("nc,cni,cnj->cij", shares, steps, steps)
    pooled = scatter.sum(dim=0) / len(scores)
    covariances = (scatter + size * pooled) / (counts + size)[:, None, None]
    return counts / counts.sum(), centres, covariances


def _first_shares(scores: Tensor, components: int, generator: Generator) -> Tensor:
    """Each picture wholly in the nearest of centres drawn far apart (D. Arthur, S. Vassilvitskii, SODA 2007)."""
    chosen = [int(torch.randint(len(scores), (1,), generator=generator))]
    for _ in range(components - 1):
        nearest = torch.cdist(scores, scores[chosen]).square().amin(dim=1)
        chosen.append(int(torch.multinomial(nearest + 1e-12, 1, generator=generator)))
    return torch.nn.functional.one_hot(torch.cdist(scores, scores[chosen]).argmin(dim=1), components).to(scores)
