"""Small nets of every kind that trips explanation libraries, and inputs for them."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Functional(nn.Module):
    """ReLUs as functions: of a module, a method, in place, a clamp."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = nn.Conv2d(2, 4, 3), nn.Conv2d(4, 4, 3), nn.Conv2d(4, 5, 2)
        self.head = nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.first(x))
        x = F.max_pool2d(self.second(x).relu_(), 2, ceil_mode=True)
        x = self.third(x).clamp(min=0)
        return self.head(x.mean((2, 3)))


class Skip(nn.Module):
    """A residual block with BatchNorm and one ReLU module used three times."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4)
        self.inner = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4))
        self.relu = nn.ReLU(inplace=True)
        self.head = nn.Linear(4, 3)
        for norm in (self.norm, self.inner[1]):
            nn.init.normal_(norm.running_mean, std=0.3)
            nn.init.uniform_(norm.running_var, 0.5, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.norm(self.stem(x)))
        inner = self.relu(self.inner(x))
        x = self.relu(inner + x)
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))


def _convolutional(inplace: bool, pool: type[nn.Module]) -> nn.Module:
    features = [nn.Conv2d(2, 4, 3), nn.ReLU(inplace), pool(2), nn.Conv2d(4, 6, 2), nn.ReLU(inplace)]
    return nn.Sequential(*features, nn.Flatten(), nn.LazyLinear(3))


def _one_channel() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(16, 3))


def _sequence() -> nn.Module:
    return nn.Sequential(
        nn.Conv1d(4, 6, 5), nn.BatchNorm1d(6), nn.ReLU(), nn.AvgPool1d(2), nn.Flatten(), nn.LazyLinear(3)
    )


def _dense() -> nn.Module:
    return nn.Sequential(nn.Linear(7, 12), nn.ReLU(), nn.Linear(12, 12), nn.ReLU(), nn.Linear(12, 3))


def _first_in_place() -> nn.Module:
    """Its first operation writes to its input."""
    return nn.Sequential(nn.ReLU(inplace=True), nn.Flatten(), nn.LazyLinear(8), nn.ReLU(), nn.Linear(8, 3))


PICTURE = (2, 9, 8)  # height and width differ, so that a transposition shows
NETS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "max pooling": (lambda: _convolutional(False, nn.MaxPool2d), PICTURE),
    "average pooling, in-place ReLU": (lambda: _convolutional(True, nn.AvgPool2d), PICTURE),
    "functional ReLU": (Functional, PICTURE),
    "skip, BatchNorm, reused ReLU": (Skip, PICTURE),
    "one channel": (_one_channel, (1, 9, 8)),
    "one dimension": (_sequence, (4, 20)),
    "dense": (_dense, (7,)),
    "first operation in place": (_first_in_place, PICTURE),
}


def net(name: str, dtype: torch.dtype = torch.float64) -> tuple[nn.Module, Tensor, Tensor]:
    """A seeded net in eval mode, three inputs with negative values for it, and their targets."""
    make, shape = NETS[name]
    with torch.random.fork_rng():
        torch.manual_seed(sum(map(ord, name)))
        model = make()
        x = torch.randn(3, *shape)
        with torch.no_grad():
            model.eval()(x.clone())  # gives lazy layers their shape
    return model.to(dtype), x.to(dtype), torch.tensor([0, 2, 1])


def snapshot(model: nn.Module) -> dict[str, object]:
    """Everything of a model that an explanation could disturb, in a form that compares with `==`."""
    return {
        "tensors": {
            name: (id(t), t.detach().numpy().tobytes(), t._version)
            for name, t in model.state_dict(keep_vars=True).items()
        },
        "gradients": {
            name: None if p.grad is None else p.grad.numpy().tobytes() for name, p in model.named_parameters()
        },
        "requires_grad": {name: p.requires_grad for name, p in model.named_parameters()},
        "modes": {name: module.training for name, module in model.named_modules()},
        "hooks": {
            name: tuple(len(vars(module)[kind]) for kind in sorted(vars(module)) if kind.endswith("_hooks"))
            for name, module in model.named_modules()
        },
        "attributes": {name: sorted(vars(module)) for name, module in model.named_modules()},
    }
