"""A small LRP explorer, and what a user does with it."""

from dataclasses import dataclass

import numpy as np
import torch
from small import LABELS, MASKS, settle
from torch import Tensor, nn

from xaiwidgets.explorers import LRPExplorer
from xaiwidgets.methods.linear_layer import LinearLayer, stabilized
from xaiwidgets.methods.lrp import lrp


def net() -> nn.Module:
    torch.manual_seed(0)
    layers = [nn.Conv2d(1, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 5, 3), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 4))


def pictures() -> Tensor:
    return torch.rand(5, 1, 12, 10, generator=torch.Generator().manual_seed(1))


@dataclass(frozen=True)
class MyRule:
    """z+, as a student writes it."""

    def propagate(self, layer: LinearLayer, relevance: Tensor) -> Tensor:
        weight = layer.weight.clamp(min=0)
        z = layer.forward(layer.x, weight)
        return layer.x * layer.backward(relevance / stabilized(z), weight)


class Broken:
    """A rule with a mistake."""

    def propagate(self, layer: LinearLayer, relevance: Tensor) -> Tensor:
        return relevance / layer.nothing


def small_explorer() -> LRPExplorer:
    own = {"mine": MyRule(), "broken": Broken()}
    return LRPExplorer(net(), pictures(), labels=LABELS, masks=MASKS, own_rules=own)


def choose(explorer: LRPExplorer, single=(), **whole) -> None:
    """Set rules of single layers, and of the whole net."""
    explorer.views.whole.values = {**explorer.views.whole.values, **whole}
    explorer.views.single.values = {**explorer.views.single.values, **dict(single)}
    settle(explorer)


def shown(explorer: LRPExplorer) -> np.ndarray:
    return explorer.views.maps.views[0].heatmap


def expect(explorer: LRPExplorer, rules, image: int = 0, target: int = 0, **arguments) -> None:
    """Compare the map shown with that of the method."""
    expected = lrp(explorer.model, pictures()[image : image + 1], target, rules=rules, **arguments)
    np.testing.assert_allclose(shown(explorer), expected.sum(1)[0], rtol=1e-4, atol=1e-7)
