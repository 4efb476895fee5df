"""Continuity: similar inputs should have similar explanations."""

import torch
from torch import Tensor


def jumps(explanations: Tensor, inputs: Tensor) -> Tensor:
    """How fast does the explanation change between neighbouring inputs?  `‖R_{i+1} - R_i‖ / (r ‖x_{i+1} - x_i‖)`

    `R_i` is the explanation of `x_i` and `r = sqrt(mean_i ‖R_i‖²)` the typical length of an explanation, so that models
    with large and small gradients compare: 1 means that it changes by its own length for each unit that the input
    moves. The largest value is the Lipschitz-like measure of Montavon, Samek and Müller 2018,
    https://arxiv.org/abs/1706.07979, section 7.1 (there over all pairs of inputs and not divided by `r`). Where an
    explanation is discontinuous it grows without bound as the inputs move closer to each other.

    Args:
        explanations: `(n, …)`, one for each input.
        inputs: `(n, …)`, neighbours one after the other, no two the same.

    Returns:
        `(n - 1,)`, per unit of the input's length; zeros where every explanation is zero.

    Raises:
        ValueError: for fewer than two inputs, another number of explanations, or two neighbours that are the same.
    """
    if len(inputs) < 2 or len(explanations) != len(inputs):
        raise ValueError(
            f"explanations and inputs must be as many, two or more, got {len(explanations)} and {len(inputs)}"
        )
    explanations, inputs = explanations.flatten(1), inputs.flatten(1)
    moved = inputs.diff(dim=0).norm(dim=1)
    if (moved == 0).any():
        raise ValueError(f"inputs {int(moved.argmin())} and {int(moved.argmin()) + 1} are the same")
    typical = explanations.square().sum(1).mean().sqrt()
    changed = explanations.diff(dim=0).norm(dim=1)
    return torch.where(typical > 0, changed / (typical * moved), torch.zeros_like(moved))
