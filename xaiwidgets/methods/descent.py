"""Gradient descent on many inputs at once: the rule of a step, and pieces that Cancel can be answered between."""

import torch
from torch import Tensor

DECAYS, TINY = (0.9, 0.999), 1e-8  # of Adam's two running means (Kingma and Ba 2015, algorithm 1)


def adam(slopes: Tensor, first: Tensor, second: Tensor, step: int) -> tuple[Tensor, Tensor, Tensor]:
    """The change per unit of rate, and the two running means after it: Kingma and Ba 2015, algorithm 1."""
    first = DECAYS[0] * first + (1 - DECAYS[0]) * slopes
    second = DECAYS[1] * second + (1 - DECAYS[1]) * slopes.square()
    unbiased = first / (1 - DECAYS[0] ** step), second / (1 - DECAYS[1] ** step)
    return unbiased[0] / (unbiased[1].sqrt() + TINY), first, second


def pieces(x: Tensor, at_once: int) -> list[slice]:
    """Slices of the batch `x`, each of at most `at_once` values, but one input at least."""
    length = max(1, at_once // x[0].numel())
    return [slice(start, start + length) for start in range(0, len(x), length)]


def random_moves(x: Tensor, jitter: int, steps: int, seed: int) -> list[list[int]]:
    """Moves of up to `jitter` along each axis of places of `x`, one a step, the same for every input."""
    generator, axes = torch.Generator().manual_seed(int(seed)), x.ndim - 2
    return torch.randint(-jitter, jitter + 1, (steps, axes), generator=generator).tolist()
