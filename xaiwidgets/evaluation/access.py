"""What a method needs of a model: its values, its gradient, or its inside; and how often it asks."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from xaiwidgets.backward import UnknownOperationError
from xaiwidgets.evaluation.property_nets import plain

Method = Callable[[nn.Module, Tensor, Tensor], Tensor]


class NotFiniteError(ValueError):
    """A method's attribution holds NaN or infinite values."""


def explained(method: Method, model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    """What a method gives; an error where that is no finite numbers."""
    found = method(model, x, target)
    if bad := int((~found.isfinite()).sum()):
        raise NotFiniteError(
            f"method must give finite attributions, got NaN or infinite for {bad} of {found.numel()} values"
        )
    return found


def access(method: Method) -> str:
    """What does the method need to see?  "values", "gradients" or "internals"

    The same function is given to it three times: as a net; sealed, so that only values and the right gradient come out;
    and as values alone. What is needed is the least that leads to the same attribution as the net.

    Raises:
        NotFiniteError: for an attribution that is NaN or infinite. Beside it, whatever the method raises on the net.
    """
    model, x, target = plain(0)
    wanted = explained(method, model, x, target)
    if _gives(method, _Sealed(model, with_gradient=False), x, target, wanted):
        return "values"
    return "gradients" if _gives(method, _Sealed(model), x, target, wanted) else "internals"


def _gives(method: Method, model: nn.Module, x: Tensor, target: Tensor, wanted: Tensor) -> bool:
    try:
        found = method(model, x, target)
    except (ValueError, RuntimeError, UnknownOperationError):
        return False
    return torch.allclose(found, wanted, rtol=1e-6, atol=1e-9)


def passes(method: Method) -> tuple[float, float]:
    """How many inputs go through the net, forward and backward, for one explanation?  `(forward, backward)`"""
    model, x, target = plain(0)
    counter = _Counter()
    explained(method, _Counted(model, counter), x, target)
    return counter.forward / len(x), counter.backward / len(x)


class _Sealed(nn.Module):
    """A net of dense layers and ReLUs whose operations cannot be seen."""

    def __init__(self, model: nn.Sequential, *, with_gradient: bool = True) -> None:
        super().__init__()
        self.with_gradient = with_gradient
        dense = [layer for layer in model if isinstance(layer, nn.Linear)]
        self.arrays = [(layer.weight.numpy(), layer.bias.numpy()) for layer in dense]

    def forward(self, x: Tensor) -> Tensor:
        return _Arrays.apply(x if self.with_gradient else x.detach(), self.arrays)


class _Arrays(torch.autograd.Function):
    """Dense layers with ReLUs between, in numpy, forward and backward."""

    @staticmethod
    def forward(context: Any, x: Tensor, arrays: list[tuple]) -> Tensor:
        *hidden, (weight, bias) = arrays
        values, open_ones = x.detach().numpy(), []
        for inner, start in hidden:
            values = values @ inner.T + start
            open_ones.append(values > 0)
            values = values * open_ones[-1]
        context.arrays, context.open_ones = arrays, open_ones
        return torch.from_numpy(values @ weight.T + bias)

    @staticmethod
    def backward(context: Any, slope: Tensor) -> tuple[Tensor, None]:
        *hidden, (weight, _) = context.arrays
        slopes = slope.numpy() @ weight
        for (inner, _), is_open in zip(reversed(hidden), reversed(context.open_ones), strict=True):
            slopes = (slopes * is_open) @ inner
        return torch.from_numpy(slopes), None


class _Counter:
    """Inputs seen; the same object in every copy of a model."""

    def __init__(self) -> None:
        self.forward = self.backward = 0

    def __deepcopy__(self, memo: dict) -> "_Counter":
        return self

    def back(self, slope: Tensor) -> None:
        self.backward += len(slope)


class _Counted(nn.Module):
    """The model, counting."""

    def __init__(self, model: nn.Module, counter: _Counter) -> None:
        super().__init__()
        self.model, self.counter = model, counter

    def forward(self, x: Tensor) -> Tensor:
        self.counter.forward += len(x)
        logits = self.model(x)
        if logits.requires_grad:
            logits.register_hook(self.counter.back)
        return logits
