"""A small net for pictures of 12 x 10, and such pictures."""

import torch
from torch import Tensor, nn


def small_net(channels: int = 1, classes: int = 4) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(channels, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(480, classes))


def small_pictures(channels: int = 1) -> Tensor:
    return torch.rand(5, channels, 12, 10, generator=torch.Generator().manual_seed(1))
