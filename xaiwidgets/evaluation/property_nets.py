"""Small nets that are made so that a property of explanations can be read off: seeded, float64, six inputs.

In all of them a feature is absent when it is 0.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

INPUTS, HIDDEN, CLASSES = 6, 12, 3


class Case(NamedTuple):
    """A net, inputs `(N, 6)` for it, and a class for each, `(N,)`."""

    model: nn.Module
    x: Tensor
    target: Tensor


def plain(seed: int, count: int = 8) -> Case:
    """Two hidden layers of ReLUs with biases; inputs between 0.5 and 2 away from 0, of either sign."""
    draw = torch.Generator().manual_seed(seed)
    net = _net(_linear(draw, INPUTS, HIDDEN), _linear(draw, HIDDEN, HIDDEN), _linear(draw, HIDDEN, CLASSES))
    sign = 2.0 * torch.randint(2, (count, INPUTS), generator=draw) - 1
    x = sign * (0.5 + 1.5 * torch.rand(count, INPUTS, generator=draw, dtype=torch.float64))
    return Case(net, x, torch.arange(count) % CLASSES)


def equal_players(seed: int) -> Case:
    """Inputs 0 and 1 add the same to every coalition, but their values differ: `w_1 x_1 = w_0 x_0` for all units."""
    case = plain(seed)
    case.x[:, 0], case.x[:, 1] = 0.8, 1.6
    first = case.model[0].weight
    first[:, 1] = first[:, 0] / 2
    return case


def idle_player(seed: int) -> Case:
    """The score does not depend on input 0: what it does through one hidden unit, another takes back."""
    case = plain(seed)
    first, second = case.model[0], case.model[2]
    half = HIDDEN // 2
    first.weight[:half, 0] = 0
    first.weight[half::2, 0] = first.weight[half::2, 0].abs() + 0.5
    first.weight[half + 1 :: 2], first.bias[half + 1 :: 2] = 2 * first.weight[half::2], 2 * first.bias[half::2]
    second.weight[:, half + 1 :: 2] = -second.weight[:, half::2] / 2
    return case


def merged(seed: int) -> tuple[Case, nn.Module]:
    """Two linear layers one behind the other, and their product as one layer."""
    draw = torch.Generator().manual_seed(seed)
    x, target = plain(seed)[1:]
    one, two, last = _linear(draw, INPUTS, 8), _linear(draw, 8, HIDDEN), _linear(draw, HIDDEN, CLASSES)
    product = _layer(two.weight @ one.weight, two.weight @ one.bias + two.bias)
    return Case(nn.Sequential(one, two, nn.ReLU(), last), x, target), nn.Sequential(product, nn.ReLU(), last)


def larger_of_two(seed: int) -> tuple[Case, nn.Module]:
    """`max(a, b)` of pairs of linear functions, as `b + relu(a - b)` and as `a + relu(b - a)`."""
    draw = torch.Generator().manual_seed(seed)
    x, target = plain(seed)[1:]
    a, b, last = _linear(draw, INPUTS, HIDDEN), _linear(draw, INPUTS, HIDDEN), _linear(draw, HIDDEN, CLASSES)

    def written(a: nn.Linear, b: nn.Linear) -> nn.Module:
        # The first summand passes a layer of ReLUs as relu(b) - relu(-b).
        first = _layer(
            torch.cat([a.weight - b.weight, b.weight, -b.weight]), torch.cat([a.bias - b.bias, b.bias, -b.bias])
        )
        return nn.Sequential(first, nn.ReLU(), _layer(last.weight.repeat(1, 3) * signs, last.bias))

    signs = torch.tensor([1.0, 1.0, -1.0], dtype=torch.float64).repeat_interleave(HIDDEN)
    return Case(written(a, b), x, target), written(b, a)


def threshold_moved(seed: int) -> tuple[Case, nn.Module]:
    """`relu(relu(u) - c - relu(v))` and `relu(relu(u - c) - relu(v))`, with `c > 0`, of linear functions `u`, `v`.

    Sundararajan, Taly and Yan 2017, https://arxiv.org/abs/1703.01365, figure 7.
    """
    draw = torch.Generator().manual_seed(seed)
    x, target = plain(seed)[1:]
    both, last = _linear(draw, INPUTS, 2 * HIDDEN), _linear(draw, HIDDEN, CLASSES)
    c = 0.5 + torch.rand(HIDDEN, generator=draw, dtype=torch.float64)
    both.bias[:HIDDEN] += 2  # so that many units are on
    one = torch.eye(HIDDEN, dtype=torch.float64)

    def written(early: Tensor, late: Tensor) -> nn.Module:
        first = _layer(both.weight, both.bias - torch.cat([early, torch.zeros_like(early)]))
        second = _layer(torch.cat([one, -one], dim=1), -late)
        return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), last)

    return Case(written(0 * c, c), x, target), written(c, 0 * c)


REWRITINGS: dict[str, Callable[[int], tuple[Case, nn.Module]]] = {
    "two layers merged": merged,
    "max written otherwise": larger_of_two,
    "threshold moved": threshold_moved,
}
"""Ways to write the same function as another net: a seed -> a case and the other net."""


def _linear(draw: torch.Generator, inputs: int, outputs: int) -> nn.Linear:
    weight = torch.randn(outputs, inputs, generator=draw, dtype=torch.float64) * (2 / inputs) ** 0.5
    return _layer(weight, torch.randn(outputs, generator=draw, dtype=torch.float64) * 0.3)


def _layer(weight: Tensor, bias: Tensor) -> nn.Linear:
    layer = nn.utils.skip_init(nn.Linear, *weight.shape[::-1], dtype=weight.dtype)  # draws no random numbers
    layer.weight, layer.bias = (nn.Parameter(each.clone(), requires_grad=False) for each in (weight, bias))
    return layer


def _net(*layers: nn.Module) -> nn.Sequential:
    *hidden, last = layers
    return nn.Sequential(*(part for layer in hidden for part in (layer, nn.ReLU())), last)
