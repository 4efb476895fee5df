"""Scores of two numbers to fit lines to: curved decision boundaries in closed form."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Function = Callable[[np.ndarray], np.ndarray]
Limits = tuple[tuple[float, float], tuple[float, float]]
ARC = np.linspace(0, np.pi, 24)
SPREAD = 0.17  # of the moons' points around their arcs


@dataclass(frozen=True)
class Plane:
    """A function of two numbers with a curved boundary.

    function: array `(B, 2)` -> probabilities of two classes `(B, 2)`; their boundary is where both are 0.5
    limits:   ends of the axes
    point:    near the boundary, where the reader begins
    """

    function: Function
    limits: Limits
    point: tuple[float, float]


def _both(log_odds: np.ndarray) -> np.ndarray:
    first = 1 / (1 + np.exp(-np.clip(log_odds, -40, 40)))
    return np.stack([1 - first, first], 1)


def two_moons(x: np.ndarray) -> np.ndarray:
    """Which of two interleaved arcs is nearer: the ratio of Gaussian densities around them."""
    return _both(_log_density(x, _arc(-0.35, -0.15, 1)) - _log_density(x, _arc(0.35, 0.15, -1)))


def wave(x: np.ndarray) -> np.ndarray:
    """Above or below a sine: `log p / (1 - p) = 6 (x₂ - 0.45 sin 4 x₁)`."""
    return _both(6 * (x[:, 1] - 0.45 * np.sin(4 * x[:, 0])))


def island(x: np.ndarray) -> np.ndarray:
    """Inside or outside a circle of radius 0.6: `log p / (1 - p) = 12 (0.36 - ‖x‖²)`."""
    return _both(12 * (0.36 - (x**2).sum(1)))


def saddle(x: np.ndarray) -> np.ndarray:
    """Two opposite corners against the others: `log p / (1 - p) = 10 x₁ x₂`."""
    return _both(10 * x[:, 0] * x[:, 1])


def _arc(right: float, up: float, way: int) -> np.ndarray:
    return np.stack([right + 0.7 * way * np.cos(ARC), up + 0.7 * way * np.sin(ARC)], 1)


def _log_density(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    distance = ((x[:, None] - centres) ** 2).sum(2)
    return np.logaddexp.reduce(-distance / (2 * SPREAD**2), axis=1)


SQUARE = ((-1.2, 1.2), (-1.2, 1.2))
PLANES = {
    "two moons": Plane(two_moons, SQUARE, (-0.12, 0.15)),
    "wave": Plane(wave, SQUARE, (0.4, 0.4)),
    "island": Plane(island, SQUARE, (0.45, 0.4)),
    "saddle": Plane(saddle, SQUARE, (0.15, 0.5)),
}


def checked_names(names: tuple[str, str]) -> tuple[str, str]:
    """Return the names of the inputs, or raise an error."""
    if isinstance(names, str) or len(names) != 2 or not all(isinstance(name, str) for name in names):
        raise ValueError(f"names must be two texts, got {names!r}")
    return tuple(names)


def checked_limits(limits: Limits) -> Limits:
    """Return the ends of the axes, or raise an error."""
    array = np.asarray(limits, dtype=np.float64)
    if array.shape != (2, 2) or not np.isfinite(array).all() or not (array[:, 0] < array[:, 1]).all():
        raise ValueError(f"limits must be two pairs (low, high), low below high, got {limits!r}")
    return tuple(tuple(map(float, ends)) for ends in array)


def checked_point(point: tuple[float, float], limits: Limits) -> tuple[float, float]:
    """Return a point within the limits, or raise an error."""
    array = np.asarray(point, dtype=np.float64)
    if array.shape != (2,) or not all(low <= value <= high for value, (low, high) in zip(array, limits, strict=True)):
        raise ValueError(f"point must be two numbers within the limits {limits}, got {point!r}")
    return tuple(map(float, array))
