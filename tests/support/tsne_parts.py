"""A small t-SNE explorer, and what a user does with it."""

import torch
from small import settle, small_net
from torch import Tensor

from xaiwidgets.explorers import TSNEExplorer

NAMES = ["ant", "bee", "cat", "dog"]
LABELS = torch.arange(28) % 4
ITERATIONS = 60


def clustered(channels: int = 1) -> Tensor:
    """28 pictures of 12 x 10 around four others."""
    random = torch.Generator().manual_seed(5)
    middles = torch.rand(4, channels, 12, 10, generator=random)
    return (middles[LABELS] + 0.25 * torch.randn(28, channels, 12, 10, generator=random)).clamp(0, 1)


def small_explorer(model=None, **arguments) -> TSNEExplorer:
    given = {"labels": LABELS, "class_names": NAMES, "perplexity": 5.0, "iterations": ITERATIONS}
    return TSNEExplorer(small_net() if model is None else model, clustered(), **{**given, **arguments})


def press(explorer: TSNEExplorer, name: str) -> None:
    """Press Play or Pause ("play"), or From the start ("again")."""
    explorer.player.buttons.values = {name: explorer.player.buttons.values[name] + 1}


def play(explorer: TSNEExplorer) -> None:
    """Press Play; wait until the map is learned."""
    press(explorer, "play")
    settle(explorer)


def look_back(explorer: TSNEExplorer, iteration: int) -> None:
    """Move the slider; wait for the frame."""
    explorer.player.film.values = {"iteration": iteration}
    settle(explorer)


def choose(explorer: TSNEExplorer, **values) -> None:
    """Change what the map depends on; wait for the answer."""
    explorer.settings.values = values
    settle(explorer)
