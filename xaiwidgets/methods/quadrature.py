"""Nodes and weights that turn an integral over [0, 1] into a sum."""

import numpy as np
import torch
from torch import Tensor

RULES = ("midpoint", "trapezoid", "left", "right", "gauss-legendre")


def quadrature(rule: str, steps: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Nodes in [0, 1] and weights that sum to 1, each `(steps,)`, of the type and on the device of `like`.

    Raises:
        ValueError: if `rule` needs more than `steps` nodes.
    """
    nodes, weights = _nodes_and_weights(rule, steps)
    return torch.as_tensor(nodes).to(like), torch.as_tensor(weights).to(like)


def _nodes_and_weights(rule: str, steps: int) -> tuple[np.ndarray, np.ndarray]:
    equal = np.full(steps, 1 / steps)
    match rule:
        case "midpoint":
            return (np.arange(steps) + 0.5) / steps, equal
        case "left":
            return np.arange(steps) / steps, equal
        case "right":
            return (np.arange(steps) + 1) / steps, equal
        case "gauss-legendre":
            nodes, weights = np.polynomial.legendre.leggauss(steps)
            return (nodes + 1) / 2, weights / 2
        case "trapezoid":
            if steps < 2:
                raise ValueError(f"steps must be 2 or more for the rule 'trapezoid', got {steps}")
            weights = np.full(steps, 1 / (steps - 1))
            weights[[0, -1]] /= 2
            return np.linspace(0, 1, steps), weights
    raise ValueError(f"rule must be one of {', '.join(map(repr, RULES))}, got {rule!r}")
