"""A small net for pictures of 12 x 10, such pictures, and what the tests of every explorer do with one."""

import threading
from collections.abc import Callable

import torch
from ipywidgets.widgets.widget import _instances
from torch import Tensor, nn

from xaiwidgets.explorers import Explorer

LABELS = torch.tensor([0, 1, 2, 3, 0])
MASKS = torch.zeros(5, 12, 10, dtype=torch.bool)
MASKS[:, 2:7, 3:8] = True


def small_net(channels: int = 1, classes: int = 4, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(channels, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(480, classes))


def small_pictures(channels: int = 1) -> Tensor:
    return torch.rand(5, channels, 12, 10, generator=torch.Generator().manual_seed(1))


def settle(explorer: Explorer) -> None:
    """Wait until what was asked for is shown."""
    assert explorer.wait(60)
    assert explorer.status.state == "ready", explorer.status.error


def leaves_nothing(opened: Callable[[], Explorer], use: Callable[[Explorer], None]) -> None:
    """An explorer that was used leaves no widget and no thread when it is closed."""
    before, threads = set(_instances), set(threading.enumerate())
    explorer = opened()
    use(explorer)
    settle(explorer)
    thread = explorer.worker._thread  # before closing: the worker forgets a thread that has ended
    explorer.close()
    thread.join(60)
    assert set(_instances) == before
    assert set(threading.enumerate()) <= threads  # those of earlier tests may be ending
