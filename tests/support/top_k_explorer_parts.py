"""A small top-K explorer: a net whose channels say known things of its pictures."""

import torch
from small import settle
from torch import Tensor, nn

from xaiwidgets.explorers import TopKExplorer

NAMES = ["ant", "bee", "cat"]
COUNT = 30


def pictures(count: int = COUNT) -> Tensor:
    return torch.rand(count, 1, 12, 10, generator=torch.Generator().manual_seed(1))


def labels(count: int = COUNT) -> Tensor:
    """Class 0 for the brightest third, 2 for the darkest."""
    order = pictures(count).mean((1, 2, 3)).argsort(descending=True)
    found = torch.zeros(count, dtype=torch.int64)
    found[order] = torch.arange(count) * 3 // count
    return found


def small_net() -> nn.Module:
    """Four channels: a random one, twice that, a dead one, and one that adds up all it sees."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(4 * 5 * 4, 3))
    with torch.no_grad():
        model[0].weight[1] = 2 * model[0].weight[0]
        model[0].bias[1] = 2 * model[0].bias[0]
        model[0].weight[2], model[0].bias[2] = 0.0, -1.0
        model[0].weight[3], model[0].bias[3] = 1.0, 0.0
    return model.eval()


def small_explorer(model: nn.Module | None = None, images: Tensor | None = None, **arguments) -> TopKExplorer:
    given = {"labels": labels(), "class_names": NAMES, "layer": "1"} | arguments
    opened = TopKExplorer(small_net() if model is None else model, pictures() if images is None else images, **given)
    settle(opened)
    return opened


def choose(explorer: TopKExplorer, **values) -> None:
    """Set controls; wait for the answer."""
    explorer.choices.values = values
    settle(explorer)


def click(explorer: TopKExplorer, view: str, index: int) -> None:
    """Choose a row of one of the lists."""
    getattr(explorer.views, view).selected = index
    settle(explorer)
