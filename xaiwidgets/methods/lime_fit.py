"""The linear model that LIME fits to the answers of a black box, and how well it fits.

Notation: `z_s` are the regressors of sample `s` (for a picture: which segments are there, 0 or 1), `y_s` the score of
the model, `π_s` the weight of the sample, `β` the weights of the surrogate and `b` its intercept.
"""

import math
from dataclasses import dataclass
from numbers import Integral
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from xaiwidgets.methods.lasso_path import LassoPath, lasso_path
from xaiwidgets.parameters import Choice, Range, validated

REGRESSIONS = ("ridge", "lasso")
Penalty = Annotated[float, Range(0, math.inf, help="lambda: how strongly large weights are discouraged")]
Regression = Annotated[str, Choice(*REGRESSIONS, help="what is discouraged: squares of weights, or their sizes")]


class UndeterminedError(ValueError):
    """The samples leave several weights equally good."""


@dataclass(frozen=True)
class Surrogate:
    """A linear model, `g(z) = b + Σ_j β_j z_j`.

    Attributes:
        weights: `β`, `(n,)`, float64; zero for what was not chosen.
        intercept: `b`: what the surrogate gives where all regressors are zero.
        r2: fidelity, the weighted `R² = 1 - Σ π (y - g)² / Σ π (y - ȳ)²`: 1 is perfect, 0 is no better than a constant,
            NaN if the scores vary only where samples count nothing.
        features: indices of the regressors that were fitted.
        path: of the Lasso, if it chose among the regressors or gave the weights.
    """

    weights: Tensor
    intercept: float
    r2: float
    features: Tensor
    path: LassoPath | None = None

    def __call__(self, masks: Tensor) -> Tensor:
        """What it predicts `(S,)` for regressors `(S, n)`."""
        return masks.double() @ self.weights + self.intercept


def cosine_distance(masks: Tensor) -> Tensor:
    """How far binary vectors `(S, n)` are from that of ones: `1 - cos(z, 1) = 1 - √(share of ones)`, `(S,)`."""
    return 1 - masks.double().mean(1).sqrt()


def kernel(distance: Tensor, width: float) -> Tensor:
    """The weight of a sample: `π = √exp(-d² / width²)`, as in the program of Ribeiro et al. 2016."""
    return (-(distance.double() ** 2) / width**2).exp().sqrt()


@validated
def fit_surrogate(
    masks: Tensor | np.ndarray,
    scores: Tensor | np.ndarray,
    distance_weights: Tensor | np.ndarray,
    *,
    penalty: Penalty = 1.0,
    features: int | None = None,
    regression: Regression = "ridge",
) -> Surrogate:
    """Which weights make a linear model answer like the black box?

    Ridge: `min Σ_s π_s (y_s - b - z_s·β)² + λ ‖β‖²`. Lasso: `min Σ_s π_s (y_s - b - z_s·β)² / (2 Σ_s π_s) + λ ‖β‖₁`.
    The intercept is not penalised. K-Lasso: choose `K` regressors along the path of the Lasso, then fit these alone.
    Ribeiro, Singh and Guestrin 2016, https://arxiv.org/abs/1602.04938, equation 2 and algorithm 1.

    Args:
        masks: regressors `(S, n)`, bool or numbers.
        scores: `y`, `(S,)`.
        distance_weights: `π`, `(S,)`, none negative; `(Σ π)² / Σ π²`, as many as count, must not be less than 2.
        penalty: `λ`.
        features: `K`, at most so many weights are not zero; all of them if not given.
        regression: "ridge" or "lasso".

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    masks, scores, distance_weights = check_samples(masks, scores, distance_weights)
    check_features(features, masks.shape[1])
    return fit(masks, scores, distance_weights, penalty, features, regression)


def fit(
    masks: Tensor, scores: Tensor, distance_weights: Tensor, penalty: float, features: int | None, regression: str
) -> Surrogate:
    """`fit_surrogate` for arguments that were checked and are float64 on the CPU."""
    path = lasso_path(masks, scores, distance_weights) if features or regression == "lasso" else None
    chosen = path.chosen(features) if features else torch.arange(masks.shape[1])
    part = masks if len(chosen) == masks.shape[1] else masks[:, chosen]
    if len(chosen) == 0:
        found = part.new_zeros(0)
    elif regression == "ridge":
        found = ridge(part, scores, distance_weights, penalty)
    else:
        found = (lasso_path(part, scores, distance_weights) if features else path).at(penalty)
    weights = masks.new_zeros(masks.shape[1])
    weights[chosen] = found
    share = distance_weights / distance_weights.sum()
    intercept = share @ (scores - part @ found)
    r2 = fidelity(scores, part @ found + intercept, share)
    return Surrogate(weights, intercept.item(), r2, chosen, path)


def ridge(masks: Tensor, scores: Tensor, distance_weights: Tensor, penalty: float) -> Tensor:
    """The weights `(n,)`, in closed form: `(Z'ΠZ + λ)⁻¹ Z'Πy` of centred `Z` and `y`, by the smaller of two systems."""
    Z, y = centred(masks, scores, distance_weights)
    samples, count = Z.shape
    if penalty == 0:
        solution = torch.linalg.lstsq(Z, y[:, None], driver="gelsd")
        if (rank := int(solution.rank)) < count:
            raise UndeterminedError(
                f"samples must determine {count} weights; {samples} samples determine only {rank}. "
                "Take more samples, a penalty > 0, or fewer features"
            )
        return solution.solution[:, 0]
    if count <= samples:
        return _solve(Z.T @ Z, penalty, Z.T @ y)
    return Z.T @ _solve(Z @ Z.T, penalty, y)


def centred(masks: Tensor, scores: Tensor, distance_weights: Tensor) -> tuple[Tensor, Tensor]:
    """Regressors and scores less their weighted means (so the intercept drops out), times the root of the weights."""
    root, share = distance_weights.sqrt(), distance_weights / distance_weights.sum()
    return (masks - share @ masks) * root[:, None], (scores - share @ scores) * root


def fidelity(scores: Tensor, predicted: Tensor, share: Tensor) -> float:
    """The weighted R²; 1 where the scores do not vary, with nothing to explain; NaN if only those that count do not."""
    total = share @ (scores - share @ scores) ** 2
    if total <= 1e-24 * (share @ scores**2):
        return 1.0 if scores.var(correction=0) <= 1e-24 * scores.square().mean() else math.nan
    return (1 - share @ (scores - predicted) ** 2 / total).item()


def effective(counts: Tensor) -> float:
    """How many samples count, `(Σ π)² / Σ π²`: `S` if all count the same, 1 if one counts all, 0 if none does."""
    shares = counts.double() / counts.max().clamp(min=torch.finfo(torch.float64).tiny)  # whose squares do not vanish
    return (shares.sum() ** 2 / shares.square().sum().clamp(min=1)).item()


def enough(counts: Tensor) -> bool:
    """Whether two samples or more count; of two or three samples, which seldom count the same, six tenths."""
    return effective(counts) >= min(2 - 1e-9, 0.6 * len(counts))


def check_samples(
    masks: Tensor | np.ndarray, scores: Tensor | np.ndarray, distance_weights: Tensor | np.ndarray
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the three in float64 on the CPU, or raise an error that says what is wrong with them."""
    given = (masks, scores, distance_weights)
    masks, scores, distance_weights = (v if isinstance(v, Tensor) else torch.from_numpy(np.array(v)) for v in given)
    if masks.ndim != 2 or masks.numel() == 0:
        raise ValueError(f"masks must be samples of regressors (S, n), got shape {tuple(masks.shape)}")
    for name, values in {"scores": scores, "distance_weights": distance_weights}.items():
        if values.shape != masks.shape[:1]:
            raise ValueError(f"{name} must be of shape ({len(masks)},), got {tuple(values.shape)}")
    if not (masks.isfinite().all() and scores.isfinite().all()):
        raise ValueError("masks and scores must be finite, got NaN or infinite values")
    if not (distance_weights.isfinite().all() and distance_weights.min() >= 0 and distance_weights.sum() > 0):
        raise ValueError("distance_weights must be finite, none negative and not all zero; is the kernel too narrow?")
    if len(masks) > 1 and not enough(distance_weights.detach()):
        raise ValueError(
            f"distance_weights: the kernel counts only {effective(distance_weights.detach()):.1f} of {len(masks)} "
            "samples: widen it (kernel_width), or take a smaller radius"
        )
    return tuple(value.detach().cpu().double() for value in (masks, scores, distance_weights))


def check_features(features: int | None, count: int) -> None:
    """Raise an error unless `features` is None or a number of regressors there are."""
    if features is None:
        return
    if isinstance(features, bool) or not isinstance(features, Integral):
        raise TypeError(f"features must be an integer or None, got {features!r} ({type(features).__name__})")
    if not 1 <= features <= count:
        raise ValueError(f"features (K) must be from 1 to {count}, the number of weights, got {features}")


def _solve(products: Tensor, penalty: float, right: Tensor) -> Tensor:
    products.diagonal().add_(penalty)
    factor, failed = torch.linalg.cholesky_ex(products)
    if failed:  # the penalty is lost in rounding
        return torch.linalg.lstsq(products, right[:, None], driver="gelsd").solution[:, 0]
    return torch.cholesky_solve(right[:, None], factor)[:, 0]
