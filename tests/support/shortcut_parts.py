"""A small shortcut explorer, and what a user does with it."""

import numpy as np
import torch
from torch import Tensor, nn

from xaiwidgets.explorers import ShortcutExplorer
from xaiwidgets.explorers.guess import placeholder

LABELS = torch.tensor([0, 1, 2, 3, 0])
MASKS = torch.zeros(5, 12, 10, dtype=torch.bool)
MASKS[:, 2:7, 3:8] = True


def small_net(seed: int = 0, classes: int = 4) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(480, classes))


def small_pictures() -> Tensor:
    return torch.rand(5, 1, 12, 10, generator=torch.Generator().manual_seed(1))


def stamp(images: Tensor) -> Tensor:
    images[..., 9:12, 0:4] = 1.0
    return images


def small_explorer(**arguments) -> ShortcutExplorer:
    given = {"models": {"one": small_net(0), "two": small_net(1)}, "images": small_pictures(), "tag": stamp}
    return ShortcutExplorer(**{**given, "labels": LABELS, "masks": MASKS, **arguments})


def settle(explorer: ShortcutExplorer) -> None:
    assert explorer.wait(60)
    assert explorer.status.state == "ready", explorer.status.error


def press_reveal(explorer: ShortcutExplorer) -> None:
    values = explorer.views.actions.values
    explorer.views.actions.values = {**values, "reveal": values["reveal"] + 1}
    settle(explorer)


def switch(explorer: ShortcutExplorer, on: bool) -> None:
    explorer.views.actions.values = {**explorer.views.actions.values, "tag": on}
    settle(explorer)


def paint(explorer: ShortcutExplorer, rows: tuple[int, int], columns: tuple[int, int]) -> Tensor:
    """Paint a rectangle; returns it as a mask."""
    painted = np.zeros(explorer.views.input.image.shape[:2], np.uint8)
    painted[slice(*rows), slice(*columns)] = 1
    explorer.views.input.brushed = painted
    return torch.from_numpy(painted).bool()


def is_hidden(explorer: ShortcutExplorer) -> bool:
    views = explorer.views.maps.views
    grey = placeholder(*explorer.views.input.image.shape[:2])
    return all(view.heatmap.size == 0 and np.array_equal(view.image, grey) for view in views)
