"""A small net with global average pooling, pictures with two known things, and what a user chooses."""

import torch
from small import settle
from torch import nn

from xaiwidgets.datasets import Dataset
from xaiwidgets.datasets.dataset import SceneObject

NAMES = ("ball", "box", "cone", "disc")


def small_net(channels=1):
    torch.manual_seed(0)
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(10, 4)]
    features = [nn.Conv2d(channels, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 10, 2), nn.ReLU()]
    return nn.Sequential(*features, *head).requires_grad_(False)


def pictures():
    """Five pictures of 12 x 10; in each a ball at the left and, in the first three, a box at the right."""
    images = torch.rand(5, 1, 12, 10, generator=torch.Generator().manual_seed(1))
    left, right = torch.zeros(2, 12, 10, dtype=torch.bool)
    left[3:9, 1:4], right[2:6, 7:9] = True, True
    things = [SceneObject("ball", left), SceneObject("box", right), SceneObject("tag", torch.ones_like(left))]
    objects = [tuple(things[: 2 if n < 3 else 1]) for n in range(4)]
    masks = torch.stack([left] * 5)
    return Dataset("things", images, torch.zeros(5, dtype=torch.int64), NAMES, masks, (*objects, tuple(things)))


def choose(explorer, **values):
    explorer.choices.values = {**explorer.choices.values, **values}
    settle(explorer)
