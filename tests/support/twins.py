"""The nets of nets.py rewritten so that libraries that hook modules see each operation: one module for one use."""

import torch
from nets import Functional, Skip
from torch import Tensor, nn


class FunctionalTwin(nn.Module):
    """`Functional` with a module for each ReLU and pooling."""

    def __init__(self, model: Functional) -> None:
        super().__init__()
        first, second, third = model.first, model.second, model.third
        features = [first, nn.ReLU(), second, nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True), third, nn.ReLU()]
        self.features = nn.Sequential(*features, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = model.head

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))


class SkipTwin(nn.Module):
    """`Skip` with three ReLUs and, if wanted, a module that adds and the BatchNorms merged into their convolutions."""

    def __init__(self, model: Skip, merged: bool, added: type[nn.Module] | None) -> None:
        super().__init__()
        pair = _merged if merged else nn.Sequential
        self.stem = nn.Sequential(pair(model.stem, model.norm), nn.ReLU())
        self.inner = nn.Sequential(pair(*model.inner), nn.ReLU())
        self.add, self.relu = added() if added else None, nn.ReLU()
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), model.head)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        inner = self.inner(x)
        return self.head(self.relu(self.add(torch.stack([inner, x], -1)) if self.add else inner + x))


def _merged(linear: nn.Module, norm: nn.Module) -> nn.Module:
    """One linear layer that does what a linear layer and a BatchNorm in eval mode do."""
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    twin = type(linear)(linear.in_channels, linear.out_channels, linear.kernel_size, padding=linear.padding)
    bias = 0 if linear.bias is None else linear.bias
    twin = twin.to(linear.weight.dtype)
    with torch.no_grad():
        twin.weight.copy_(linear.weight * scale.view(-1, *[1] * (linear.weight.ndim - 1)))
        twin.bias.copy_((bias - norm.running_mean) * scale + norm.bias)
    return twin


def twin(model: nn.Module, merged: bool = False, added: type[nn.Module] | None = None) -> nn.Module:
    """A net that computes the same as `model`, one of nets.py, by modules only.

    Args:
        model: the net; its weights are shared.
        merged: merge each BatchNorm into the convolution before it.
        added: class of a module that adds, given both summands stacked in a new last dimension; None: `+`.
    """
    with torch.random.fork_rng():
        if isinstance(model, Functional):
            return FunctionalTwin(model).eval()
        if isinstance(model, Skip):
            return SkipTwin(model, merged, added).eval()
    layers = [nn.ReLU() if isinstance(layer, nn.ReLU) else layer for layer in model]
    for place, layer in reversed(list(enumerate(layers))):
        if merged and isinstance(layer, nn.BatchNorm1d):
            layers[place - 1 : place + 1] = [_merged(layers[place - 1], layer)]
    return nn.Sequential(*layers).eval()
