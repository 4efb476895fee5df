"""Small nets that students never see, made from a seed, in float64, their weights frozen."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def mlp(seed: int, inputs: int = 6, classes: int = 4, *, bias: bool = True) -> nn.Sequential:
    """Two hidden ReLU layers, ``(N, inputs) -> (N, classes)``."""
    sizes = ((inputs, 16), (16, 16), (16, classes))
    dense = [nn.Linear(*size, bias=bias) for size in sizes]
    return _seeded(nn.Sequential(dense[0], nn.ReLU(), dense[1], nn.ReLU(), dense[2]), seed)


def convnet(seed: int, classes: int = 3) -> nn.Sequential:
    """A convolution, ReLU, a global average and one dense layer, ``(N, 1, H, W) -> (N, classes)``."""
    return _seeded(
        nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, classes)),
        seed,
    )


def linear(seed: int, inputs: int = 6, classes: int = 4) -> nn.Linear:
    """``f(x) = W x`` without a bias."""
    return _seeded(nn.Linear(inputs, classes, bias=False), seed)


def normal(seed: int, *shape: int) -> Tensor:
    """Standard normal numbers, float64."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class Formula(nn.Module):
    """A model with two classes: class 0 scores minus the sum of the inputs, class 1 the given ``score(x) -> (N,)``."""

    def __init__(self, score: Callable[[Tensor], Tensor]):
        super().__init__()
        self.score = score

    def forward(self, x: Tensor) -> Tensor:
        """Scores ``(N, 2)`` of ``x (N, D)``."""
        return torch.stack([-x.sum(dim=1), self.score(x)], dim=1)


class Reader(nn.Module):
    """Names the class that is written into a picture's first pixel, so that its predictions are known beforehand."""

    def __init__(self, classes: int):
        super().__init__()
        self.classes = classes

    def forward(self, images: Tensor) -> Tensor:
        """Logits ``(N, classes)`` of ``images (N, C, H, W)``; another pixel changes them, never their order."""
        written = images[:, 0, 0, :1] * self.classes
        return (0.5 + images[:, 0, 0, 1:2]) * -((written - torch.arange(self.classes)) ** 2)


def pictures(classes: list[int], total: int, seed: int) -> Tensor:
    """Pictures ``(N, 1, 3, 3)`` that a ``Reader(total)`` takes for the given classes."""
    images = torch.rand((len(classes), 1, 3, 3), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    images[:, 0, 0, 0] = torch.tensor(classes, dtype=torch.float64) / total
    return images


def _seeded(net: nn.Module, seed: int) -> nn.Module:
    net = net.double().requires_grad_(False)
    for number, weight in enumerate(net.parameters()):
        fan_in = weight[0].numel() if weight.dim() > 1 else 4
        weight.copy_(normal(1000 * seed + number, *weight.shape) * (2 / fan_in) ** 0.5)
    return net
