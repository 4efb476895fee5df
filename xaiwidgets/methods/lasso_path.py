"""The path of the Lasso: how the weights of a linear model come in, one by one, as the penalty falls."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

MOST_KNOTS = 500  # of a path
LOWEST = 1e-7  # the lowest penalty that is solved for, as a share of that at which all weights are zero
TOLERANCE = 1e-6  # of the conditions of the optimum, as a share of the penalty
ROUNDING = 1e-12  # the same, as a share of the scores


@dataclass(frozen=True)
class LassoPath:
    """The weights at the knots of the path, between which they change linearly.

    Attributes:
        penalties: `λ`, `(P,)`, falling; at the first all weights are zero.
        weights: `(P, n)`.
        below: where least-angle regression lost the path, the weights for a penalty below the last knot.
    """

    penalties: Tensor
    weights: Tensor
    below: Callable[[float], Tensor] | None = None

    def at(self, penalty: float) -> Tensor:
        """The weights `(n,)` at a penalty."""
        if penalty >= self.penalties[0]:
            return self.weights[0].clone()
        after = int((self.penalties >= penalty).sum())  # knots up to here have a higher or the same penalty
        if after == len(self.penalties):
            return self.below(penalty) if self.below else self.weights[-1].clone()
        high, low = self.penalties[after - 1], self.penalties[after]
        return torch.lerp(self.weights[after - 1], self.weights[after], (high - penalty) / (high - low))

    def chosen(self, count: int) -> Tensor:
        """The regressors that are in at the last knot with at most `count` of them: the choice of K-Lasso."""
        few = (self.weights != 0).sum(1) <= count
        found = self.weights[few.nonzero()[-1, 0]].nonzero()[:, 0]
        if self.below is None or not few[-1]:
            return found
        ends = self.penalties[-1].log10(), (LOWEST * self.penalties[0]).log10()
        for penalty in torch.logspace(*ends, 30, dtype=torch.float64)[1:].tolist():
            chosen = self.below(penalty).nonzero()[:, 0]
            if len(chosen) > count:
                break
            found = chosen
        return found


def lasso_path(masks: Tensor, scores: Tensor, distance_weights: Tensor) -> LassoPath:
    """In which order do the regressors come in?  The solutions of

    `min_β Σ_s π_s (y_s - b - z_s·β)² / (2 Σ_s π_s) + λ ‖β‖₁` for every `λ`, by least-angle regression: Efron, Hastie,
    Johnstone and Tibshirani 2004, section 3.1, in scikit-learn's implementation. Where that loses the path
    (regressors that depend on each other), of those that say the same or the opposite all but the first stay out; if
    it is still lost, it ends there, and below its end the weights are found by coordinate descent.

    Args:
        masks: regressors `z`, `(S, n)`.
        scores: `y`, `(S,)`.
        distance_weights: `π`, `(S,)`.
    """
    share = distance_weights.double() / distance_weights.double().sum()
    Z, y = (masks.double() - share @ masks.double()).numpy(), (scores.double() - share @ scores.double()).numpy()
    root = share.sqrt().numpy()
    Z, y = Z * root[:, None], y * root  # now Σ y² is the weighted variance, so one "sample" counts 1
    rounding = ROUNDING * float(share @ scores.double() ** 2) ** 0.5
    penalties, weights = _least_angle(Z, y)
    right, below = _right_knots(Z, y, penalties, weights, rounding), None
    if right < len(penalties) or penalties[-1] > TOLERANCE * penalties[0] + rounding:
        kept = _one_of_twins(masks)
        penalties, part = _least_angle(Z[:, kept], y)
        right = _right_knots(Z[:, kept], y, penalties, part, rounding)
        if right < len(penalties) or penalties[-1] > TOLERANCE * penalties[0] + rounding:
            penalties, part, below = penalties[:right], part[:right], _descent(Z, y, kept, float(penalties[0]))
        weights = np.zeros((len(part), Z.shape[1]))
        weights[:, kept] = part
    return LassoPath(torch.from_numpy(penalties.copy()), torch.from_numpy(weights.copy()), below)


def _least_angle(Z: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Penalties `(P,)` and weights `(P, n)` at the knots, as far as scikit-learn comes."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import lars_path, lars_path_gram  # takes a while to load; ridge needs none of it

    settings = {"method": "lasso", "max_iter": MOST_KNOTS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # what it found is checked instead
        if len(Z) > Z.shape[1]:
            penalties, _, weights = lars_path_gram(Z.T @ y, Z.T @ Z, n_samples=1, **settings)
        else:
            penalties, _, weights = lars_path(Z * len(Z) ** 0.5, y * len(Z) ** 0.5, **settings)
    return penalties, weights.T


def _one_of_twins(masks: Tensor) -> np.ndarray:
    """Which regressors to keep where some say the same or the opposite: the first of each kind, in order."""
    steps = (masks.double() - masks[:1].double()).numpy()
    first = np.take_along_axis(steps, (steps != 0).argmax(0)[None], 0)
    return np.sort(np.unique(np.where(first < 0, -steps, steps) + 0.0, axis=1, return_index=True)[1])


def _right_knots(Z: np.ndarray, y: np.ndarray, penalties: np.ndarray, weights: np.ndarray, rounding: float) -> int:
    """How many knots, from the first, are joined by solutions: `|z_j·(y - Zβ)| ≤ λ`, and `= λ` where `β_j` is not 0.

    All is linear in `λ` from knot to knot, so what holds in the middle holds on the way.
    """
    penalties, weights = (penalties[1:] + penalties[:-1]) / 2, (weights[1:] + weights[:-1]) / 2
    slopes = (y[:, None] - Z @ weights.T).T @ Z
    equal = np.abs(slopes - penalties[:, None] * np.sign(weights))
    error = np.where(weights != 0, equal, np.abs(slopes) - penalties[:, None])
    wrong = (error > TOLERANCE * penalties[:, None] + rounding).any(1)
    return 1 + (int(wrong.argmax()) if wrong.any() else len(wrong))


def _descent(Z: np.ndarray, y: np.ndarray, kept: np.ndarray, highest: float) -> Callable[[float], Tensor]:
    """The Lasso for one penalty, by coordinate descent; only the regressors `kept` get weights."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import Lasso

    rounds = int(np.clip(3e8 / Z.size, 1_000, 100_000))  # a second or so

    def solved(penalty: float) -> Tensor:
        many = len(Z) > Z.shape[1]
        model = Lasso(max(penalty, LOWEST * highest), fit_intercept=False, precompute=many, max_iter=rounds, tol=1e-12)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # near zero it gains digits slowly
            model.fit(Z[:, kept] * len(Z) ** 0.5, y * len(Z) ** 0.5)
        weights = torch.zeros(Z.shape[1], dtype=torch.float64)
        weights[kept] = torch.from_numpy(model.coef_)
        return weights

    return solved
