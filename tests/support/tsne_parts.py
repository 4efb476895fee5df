"""A small t-SNE explorer, and what a user does with it."""

import numpy as np
import torch
from small import settle, small_net
from torch import Tensor

from xaiwidgets.explorers import TSNEExplorer
from xaiwidgets.methods.tsne import descend, start_of
from xaiwidgets.methods.tsne_affinities import affinities

NAMES = ["ant", "bee", "cat", "dog"]
LABELS = torch.arange(28) % 4
ITERATIONS = 60


def clustered(channels: int = 1) -> Tensor:
    """28 pictures of 12 x 10 around four others."""
    random = torch.Generator().manual_seed(5)
    middles = torch.rand(4, channels, 12, 10, generator=random)
    return (middles[LABELS] + 0.25 * torch.randn(28, channels, 12, 10, generator=random)).clamp(0, 1)


X = clustered().flatten(1)
EARLY = ITERATIONS // 5


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


def descended(x=X, start=None, perplexity=5.0, rate=None, exaggeration=4.0, **steps):
    """The last frame of a descent with the explorer's settings."""
    given = {"iterations": ITERATIONS, "exaggerated_iterations": EARLY, "every": 5} | steps
    start = start_of(x) if start is None else start
    *_, last = descend(affinities(x, perplexity).joint, start, learning_rate=rate, exaggeration=exaggeration, **given)
    return last


def shows(explorer, frame):
    np.testing.assert_allclose(explorer.map.positions, frame.embedding, rtol=1e-4, atol=1e-6)
    assert f"iteration {frame.iteration} of {ITERATIONS}" in explorer.map.caption
    assert f"KL {frame.kl:.2f} nats" in explorer.map.caption
    assert explorer.views.kl.marker == explorer.player.film.values["iteration"] == frame.iteration
