"""The path of the Lasso: how the weights of a linear model come in, one by one, as the penalty falls."""

import warnings
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class LassoPath:
    """The weights at the knots of the path, between which they change linearly.

    Attributes:
        penalties: `λ`, `(P,)`, falling; at the first all weights are zero.
        weights: `(P, n)`.
    """

    penalties: Tensor
    weights: Tensor

    def at(self, penalty: float) -> Tensor:
        """The weights `(n,)` at a penalty."""
        if penalty >= self.penalties[0]:
            return self.weights[0].clone()
        after = int((self.penalties >= penalty).sum())  # knots up to here have a higher or the same penalty
        if after == len(self.penalties):
            return self.weights[-1].clone()
        high, low = self.penalties[after - 1], self.penalties[after]
        return torch.lerp(self.weights[after - 1], self.weights[after], (high - penalty) / (high - low))

    def chosen(self, count: int) -> Tensor:
        """The regressors that are in at the last knot with at most `count` of them: the choice of K-Lasso."""
        few = (self.weights != 0).sum(1) <= count
        return self.weights[few.nonzero()[-1, 0]].nonzero()[:, 0]


def lasso_path(masks: Tensor, scores: Tensor, distance_weights: Tensor) -> LassoPath:
    """In which order do the regressors come in?  The solutions of

    `min_β Σ_s π_s (y_s - b - z_s·β)² / (2 Σ_s π_s) + λ ‖β‖₁` for every `λ`, by least-angle regression: Efron, Hastie,
    Johnstone and Tibshirani 2004, section 3.1, in scikit-learn's implementation.

    Args:
        masks: regressors `z`, `(S, n)`.
        scores: `y`, `(S,)`.
        distance_weights: `π`, `(S,)`.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import lars_path, lars_path_gram  # takes a while to load; ridge needs none of it

    share = distance_weights.double() / distance_weights.double().sum()
    Z, y = (masks.double() - share @ masks.double()).numpy(), (scores.double() - share @ scores.double()).numpy()
    root = share.sqrt().numpy()
    Z, y = Z * root[:, None], y * root  # now Σ y² is the weighted variance, so one "sample" counts 1
    with warnings.catch_warnings():
        # Regressors that say the same (few samples, many segments): all but one stay out, as they may.
        warnings.simplefilter("ignore", ConvergenceWarning)
        if len(Z) > Z.shape[1]:
            penalties, _, weights = lars_path_gram(Z.T @ y, Z.T @ Z, n_samples=1, method="lasso")
        else:
            penalties, _, weights = lars_path(Z * len(Z) ** 0.5, y * len(Z) ** 0.5, method="lasso")
    return LassoPath(torch.from_numpy(penalties.copy()), torch.from_numpy(weights.T.copy()))
