"""DASP on a multilayer perceptron, word by word: each coalition of the first layer, then one value at a time."""

import math
from itertools import combinations

import torch
from torch import Tensor, nn


def rectified(mean: float, variance: float) -> tuple[float, float]:
    """Mean and variance of the positive part of a Gaussian value."""
    if variance == 0:
        return max(mean, 0.0), 0.0
    deviation = math.sqrt(variance)
    below = 0.5 * (1 + math.erf(mean / deviation / math.sqrt(2)))
    density = math.exp(-0.5 * mean**2 / variance) / math.sqrt(2 * math.pi)
    first = mean * below + deviation * density
    second = (mean**2 + variance) * below + mean * deviation * density
    return first, second - first**2


def expected(model: nn.Sequential, x: Tensor, baseline: Tensor, coalitions: list[set[int]]) -> list[float]:
    """The logits, in the mean over coalitions of one size that are all equally likely."""
    mixed = [[x[j] if j in each else baseline[j] for j in range(len(x))] for each in coalitions]
    first = model[0](torch.tensor(mixed, dtype=x.dtype)).detach()
    values = list(zip(first.mean(0).tolist(), first.var(0, correction=0).tolist(), strict=True))
    for layer in model[1:]:
        if isinstance(layer, nn.ReLU):
            values = [rectified(*each) for each in values]
            continue
        weight, bias = layer.weight.detach().tolist(), layer.bias.detach().tolist()
        values = [
            (
                sum(w * mean for w, (mean, _) in zip(row, values, strict=True)) + b,
                sum(w * w * variance for w, (_, variance) in zip(row, values, strict=True)),
            )
            for row, b in zip(weight, bias, strict=True)
        ]
    return [mean for mean, _ in values]


def dasp_by_hand(model: nn.Sequential, x: Tensor, target: int, baseline: Tensor) -> Tensor:
    """The values of one input `(D,)`."""
    players, found = len(x), []
    for player in range(players):
        others = [each for each in range(players) if each != player]
        total = 0.0
        for size in range(players):
            without = [set(each) for each in combinations(others, size)]
            with_ = [each | {player} for each in without]
            after, before = (expected(model, x, baseline, each)[target] for each in (with_, without))
            total += after - before
        found.append(total / players)
    return torch.tensor(found, dtype=x.dtype)
