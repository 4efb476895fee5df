"""What the tests of every method that only asks a model share: a linear model, a classifier, Cancel, two threads."""

import threading

import numpy as np
import pytest
import torch
from nets import NETS, net, snapshot
from sklearn.linear_model import LogisticRegression
from torch import nn

from xaiwidgets.progress import Cancelled, listening

TYPES = [torch.float32, torch.float64]
BY_TYPE = {torch.float32: {"rtol": 1e-4, "atol": 1e-5}, torch.float64: {"rtol": 1e-9, "atol": 1e-12}}


def linear(shape: tuple[int, ...], classes: int = 2, seed: int = 0) -> tuple[nn.Module, torch.Tensor]:
    """A linear model of inputs of this shape, in float64, and its weights `(K, …)`."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(shape)), classes)).double()
    return model, model[1].weight.detach().view(classes, *shape)


def classifier() -> tuple[LogisticRegression, np.ndarray]:
    """A classifier of scikit-learn and a table `(5, 4)` for it."""
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 4))
    return LogisticRegression().fit(x, x @ [1, -2, 0, 0.5] > 0), x[:5]


class Stop:
    """Asks to stop after a few steps."""

    def __init__(self, steps: int = 2) -> None:
        self.steps = steps

    def progressed(self, label: str, done: int, total: int | None) -> None:
        self.steps -= 1

    def cancelled(self) -> bool:
        return self.steps <= 0


def leaves_everything_as_it_is(explain) -> None:
    """`explain(model, x, target)` changes neither model, input nor random numbers; also when it is cancelled."""
    for name in NETS:
        model, x, target = net(name)
        model.train()
        before, given, state = snapshot(model), x.clone(), torch.random.get_rng_state()
        explain(model, x, target)
        with pytest.raises(Cancelled), listening(Stop()):
            explain(model, x, target)
        assert snapshot(model) == before
        assert torch.equal(x, given)
        assert torch.equal(torch.random.get_rng_state(), state)


def same_in_two_threads(explain) -> None:
    """Two threads that explain one model at once find what one alone finds."""
    model, x, target = net("skip, BatchNorm, reused ReLU")
    alone, found = explain(model, x, target), []

    def work() -> None:
        found.extend(explain(model, x, target) for _ in range(3))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 6
    for each in found:
        torch.testing.assert_close(each, alone, rtol=1e-10, atol=1e-13)
