"""A small shortcut explorer, and what a user does with it."""

import numpy as np
import torch
from small import LABELS, MASKS, settle, small_net, small_pictures
from torch import Tensor

from xaiwidgets.explorers import ShortcutExplorer
from xaiwidgets.explorers.guess import placeholder


def stamp(images: Tensor) -> Tensor:
    images[..., 9:12, 0:4] = 1.0
    return images


def small_explorer(**arguments) -> ShortcutExplorer:
    given = {"models": {"one": small_net(), "two": small_net(seed=1)}, "images": small_pictures(), "tag": stamp}
    return ShortcutExplorer(**{**given, "labels": LABELS, "masks": MASKS, **arguments})


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
