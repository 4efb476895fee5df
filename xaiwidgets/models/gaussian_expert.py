"""One Gaussian as a density of pictures: by its principal axes, so that 12,288 pixels are no trouble."""

import math

from torch import Tensor

from .expert_data import PictureDensity, check_axes, check_data, check_noise, isotropic, principal_axes

DIRECTIONLESS = 1e-10  # axes whose variance is below this share of the largest are counted with the rest


class GaussianExpert(PictureDensity):
    """N(mean, U diag(v) Uᵀ + r (I − U Uᵀ)): variances v along k axes U, and one variance r in all other directions.

    With d = x − mean, z = Uᵀ d and D pixels,

        log p(x) = −½ [ Σ_i (z_i² / v_i + log v_i) + |d − U z|² / r + (D − k) log r + D log 2π ].

    mean (C, H, W), axes (D, k) orthonormal, variances (k,), rest ().
    """

    def __init__(self, mean: Tensor, axes: Tensor, variances: Tensor, rest: Tensor) -> None:
        super().__init__()
        for name, value in {"mean": mean, "axes": axes, "variances": variances, "rest": rest}.items():
            self.register_buffer(name, value)

    @classmethod
    def fit(
        cls, x: Tensor, *, axes: int | None = None, shrinkage: float | None = None, noise: float = 0.0
    ) -> "GaussianExpert":
        """The Gaussian of pictures x (N, …).

        axes=None: the full covariance S, pulled towards a round one: (1 − ρ) S + ρ (tr S / D) I. shrinkage is ρ,
        0 < ρ <= 1; None chooses it by O. Ledoit, M. Wolf, "A well-conditioned estimator for large-dimensional
        covariance matrices", J. Multivariate Analysis 88 (2004).
        axes=k: the k largest variances as they are, and the mean of the others as r: probabilistic principal
        component analysis (M. E. Tipping, C. M. Bishop, J. Royal Statistical Society B 61, 1999).
        noise: deviation of noise through which the pictures are seen; its square is added to every variance, so that
        a density with almost no room beside the data's axes becomes one that a search can climb.
        """
        rows = check_data(x, 2).cpu()
        if axes is not None:
            check_axes(axes, rows)
        if shrinkage is not None and not 0 < shrinkage <= 1:
            raise ValueError(f"shrinkage must be above 0 and at most 1, got {shrinkage}")
        mean, directions, values, rest = principal_axes(rows, axes or min(len(rows) - 1, rows.shape[1]))
        if float(values.max()) == 0:
            raise ValueError("x must hold pictures that differ: all are the same, and that has no density")
        if axes is None:
            directions, values, rest = _shrunk(rows.double() - mean, directions, values, shrinkage)
        check_noise(noise)
        buffers = (mean.reshape(x.shape[1:]), directions, values + noise**2, rest + noise**2)
        return cls(*(value.to(x) for value in buffers))

    def log_density(self, x: Tensor) -> Tensor:
        """log p(x) in nats, (N,)."""
        rows = self.flat(x)
        mean, axes, variances, rest = self.like(x, "mean", "axes", "variances", "rest")
        centred = rows - mean.flatten()
        scores = centred @ axes
        size, count = axes.shape
        along = -(scores.square() / variances + variances.log() + math.log(2 * math.pi)).sum(dim=1) / 2
        if count == size:
            return along
        return along + isotropic((centred - scores @ axes.T).square().sum(dim=1), size - count, rest)


def _shrunk(centred: Tensor, axes: Tensor, values: Tensor, share: float | None) -> tuple[Tensor, Tensor, Tensor]:
    """Axes, variances and rest of (1 − share) S + share (tr S / D) I, where S has these axes and values."""
    count, size = centred.shape
    level, squares = values.sum() / size, values.square().sum()
    if share is None:
        spread = (centred.square().sum(dim=1).square().mean() - squares) / count
        distance = squares - size * level**2
        share = float((spread / distance).clamp(1e-6, 1)) if distance > 0 else 1.0
    kept = values > DIRECTIONLESS * values.max()
    if len(values) == size and kept.all():
        return axes, (1 - share) * values + share * level, share * level
    return axes[:, kept], (1 - share) * values[kept] + share * level, share * level
