"""Nets with global average pooling, and the trap nets cut in two by hand: what a layer gives, and what follows."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def pooling_net(axes: int = 2, bias: bool = True) -> nn.Sequential:
    """Two convolutions, global average pooling and one dense layer, seeded, float64; `axes` 1 or 2."""
    torch.manual_seed(7)
    convolution = {1: nn.Conv1d, 2: nn.Conv2d}[axes]
    pool = {1: nn.AdaptiveAvgPool1d, 2: nn.AdaptiveAvgPool2d}[axes]
    layers = [convolution(2, 5, 3), nn.ReLU(), convolution(5, 6, 2), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, pool(1), nn.Flatten(), nn.Linear(6, 4, bias)).double().eval()


def _skip_below(net: nn.Module, x: Tensor) -> Tensor:
    x = F.relu(net.norm(net.stem(x)))
    return F.relu(F.relu(net.inner(x)) + x)


def _functional_above(net: nn.Module, maps: Tensor) -> Tensor:
    maps = net.third(F.max_pool2d(F.relu(maps), 2, ceil_mode=True))
    return net.head(F.relu(maps).mean((2, 3)))


Half = Callable[[nn.Module, Tensor], Tensor]
#: Trap net, layer -> what the layer gives, and the logits from that; written without the layer's own module where the
#: net treats its output in place or runs it several times.
HALVES: dict[tuple[str, str], tuple[Half, Half]] = {
    ("max pooling", "1"): (lambda net, x: net[:2](x), lambda net, a: net[2:](a)),
    ("max pooling", "4"): (lambda net, x: net[:5](x), lambda net, a: net[5:](a)),
    ("average pooling, in-place ReLU", "0"): (lambda net, x: net[0](x), lambda net, a: net[2:](F.relu(a))),
    ("average pooling, in-place ReLU", "4"): (lambda net, x: F.relu(net[:4](x)), lambda net, a: net[5:](a)),
    ("functional ReLU", "second"): (lambda net, x: net.second(F.relu(net.first(x))), _functional_above),
    ("skip, BatchNorm, reused ReLU", "relu"): (_skip_below, lambda net, a: net.head(a.mean((2, 3)))),
    ("one channel", "1"): (lambda net, x: net[:2](x), lambda net, a: net[2:](a)),
    ("one dimension", "2"): (lambda net, x: net[:3](x), lambda net, a: net[3:](a)),
    ("first operation in place", "0"): (lambda net, x: F.relu(x), lambda net, a: net[1:](a)),
}


def halves(net: nn.Module, key: tuple[str, str], x: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """The maps of a layer and the gradient of each input's score by them, by plain autograd."""
    below, above = HALVES[key]
    maps = below(net, x.clone()).detach().requires_grad_()
    scores = above(net, maps).gather(1, target[:, None]).sum()
    return maps.detach(), torch.autograd.grad(scores, maps)[0]
