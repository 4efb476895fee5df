"""A linear fit around one point of a plane, for one seed and for several, and how it depends on the radius."""

from dataclasses import dataclass

import torch
from torch import Tensor

from xaiwidgets.methods.black_box import BlackBox
from xaiwidgets.methods.lime_fit import Surrogate, fit_surrogate, kernel

SEEDS = 8  # fits, of which the first is drawn with its samples
RADII = 25  # along the curve
STEP = 1e-3  # of the central differences, in units of the axis


@dataclass(frozen=True)
class Around:
    """How a neighbourhood is sampled: `x + ε z`, `z ~ N(0, 1)`, counted by `kernel(‖z‖, σ)`; `λ` of the ridge."""

    epsilon: float
    samples: int
    kernel_width: float
    penalty: float


@dataclass(frozen=True)
class Fit:
    """A plane `g(x) = intercept + slope · (x - point)`.

    points: `(S, 2)`, the samples
    scores: `(S,)`, what the model says of them
    counts: `(S,)`, what each counts in the fit
    """

    point: Tensor
    slope: Tensor
    surrogate: Surrogate
    points: Tensor
    scores: Tensor
    counts: Tensor

    def line(self, level: float) -> tuple[float, float, float]:
        """Where the plane has this level: `a, b, c` of `a x + b y = c`."""
        return line_through(self.point, self.slope, self.surrogate.intercept, level)


@dataclass(frozen=True)
class Request:
    """What the user has set."""

    plane: str
    output: str
    point: tuple[float, float]
    around: Around


@dataclass(frozen=True)
class Result:
    """What was found.

    fits:     one for each seed
    slope:    the gradient at the point
    score:    of the point
    radii:    of the curves; R² and cosine with the gradient for each, `(2, RADII)`; None while not yet known
    """

    request: Request
    field: Tensor
    fits: list[Fit]
    slope: Tensor
    score: float
    radii: Tensor
    curves: Tensor | None


def line_through(point: Tensor, slope: Tensor, value: float, level: float) -> tuple[float, float, float]:
    """Where a plane of this slope, with this value at the point, has the level."""
    return float(slope[0]), float(slope[1]), float(slope @ point) + level - value


def noise(samples: int, seed: int) -> Tensor:
    """The same directions for every point and radius, so that a fit moves smoothly with both."""
    return torch.randn(samples, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def fits(box: BlackBox, point: Tensor, cases: list[tuple[Around, int]]) -> list[Fit]:
    """A fit for each `(around, seed)`; the model is asked about all samples at once."""
    directions = [noise(around.samples, seed) for around, seed in cases]
    places = [point + around.epsilon * z for (around, _), z in zip(cases, directions, strict=True)]
    answers = box(torch.cat(places).to(box.x)).cpu().double().split([len(each) for each in places])
    return [
        _fit(point, around, z, points, scores)
        for (around, _), z, points, scores in zip(cases, directions, places, answers, strict=True)
    ]


def _fit(point: Tensor, around: Around, z: Tensor, points: Tensor, scores: Tensor) -> Fit:
    counts = kernel(z.norm(dim=1), around.kernel_width)
    surrogate = fit_surrogate(z, scores, counts, penalty=around.penalty)
    return Fit(point, surrogate.weights / around.epsilon, surrogate, points, scores, counts)


def slope_at(box: BlackBox, point: Tensor, span: float) -> Tensor:
    """The gradient `(2,)`, by central differences over a thousandth of `span` to each side."""
    step = STEP * span * torch.eye(2, dtype=torch.float64)
    ahead, behind = box(torch.cat([point + step, point - step]).to(box.x)).cpu().double().split(2)
    return (ahead - behind) / (2 * STEP * span)


def cosine(first: Tensor, second: Tensor) -> float:
    """The cosine of the angle between two slopes; NaN where one is zero."""
    return float(first @ second / (first.norm() * second.norm()))


def radii(span: float, chosen: float) -> Tensor:
    """Radii of the curves, the chosen one among them."""
    even = torch.linspace(0.005 * span, 0.5 * span, RADII, dtype=torch.float64)
    return torch.cat([even, torch.tensor([chosen], dtype=torch.float64)]).unique()
