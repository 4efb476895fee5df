"""A linear layer as LRP's rules see it: what came in, the weights, what came out, and the way back."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from xaiwidgets.backward import Call

CONVOLUTIONS: dict[str, Callable[..., Tensor]] = {
    name: getattr(torch, name)
    for name in ("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
}


class LinearLayer:
    """A dense layer or a convolution, with the batch that went through it.

    Attributes:
        x: what came in, `a_j` or `x_i`, `(N, …)`.
        weight: `w_jk`; dense `(out, in)`, convolution `(out, in / groups, …)`.
        bias: `b_k`, `(out,)` or None.
        output: `z_k = Σ_j a_j w_jk + b_k`, `(N, …)`.
        low, high: bounds of the values that can come in; only for the first layer, else None.
    """

    def __init__(self, call: Call, low: Tensor | None = None, high: Tensor | None = None) -> None:
        (self.x,) = call.inputs
        self.output = call.output
        self.arguments: dict[str, Any] = dict(call.arguments)
        self.weight: Tensor = self.arguments.pop("weight")
        self.bias: Tensor | None = self.arguments.pop("bias", None)
        self.low, self.high = low, high
        self._function = CONVOLUTIONS.get(call.function)

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """`Σ_j x_j w_jk (+ b_k)`: this layer, with other input or weights."""
        if self._function is None:
            return F.linear(x, weight, bias)
        return self._function(x, weight, bias, **self.arguments)

    def backward(self, s: Tensor, weight: Tensor) -> Tensor:
        """`c_j = Σ_k w_jk s_k`: the transpose of `forward`, `(shape of output) -> (shape of x)`."""
        if self._function is None:
            return s @ weight if weight.ndim == 2 else s[..., None] * weight
        settings = self._settings
        if settings is None:  # uneven padding, or no batch: let autograd find the way back
            with torch.enable_grad():
                x = torch.zeros_like(self.x, requires_grad=True)
                return torch.autograd.grad(self.forward(x, weight), x, s)[0]
        mask = [True, False, False]
        return torch.ops.aten.convolution_backward.default(s, self.x, weight, None, *settings, mask)[0]

    @cached_property
    def bias_part(self) -> Tensor | float:
        """The bias as it is added to `output`; 0.0 where there is none."""
        if self.bias is None:
            return 0.0
        return self.bias.view(-1, *[1] * (self.weight.ndim - 2)) if self._function else self.bias

    @cached_property
    def x_is_positive(self) -> bool:
        """Whether no input is negative, as after a ReLU: rules then need only half of their sums."""
        return bool(self.x.min() >= 0)

    @cached_property
    def _settings(self) -> tuple | None:
        """The arguments that torch's backward convolution takes."""
        spatial = self.weight.ndim - 2
        given = {"stride": 1, "padding": 0, "dilation": 1, "output_padding": 0, **self.arguments}
        if isinstance(given["padding"], str) or self.x.ndim != self.weight.ndim:
            return None
        stride, padding, dilation, extra = (
            _each(given[name], spatial) for name in ("stride", "padding", "dilation", "output_padding")
        )
        transposed = self._function.__name__.startswith("conv_transpose")
        return stride, padding, dilation, transposed, extra, given.get("groups", 1)


def _each(value: int | tuple[int, ...], count: int) -> list[int]:
    values = [value] if isinstance(value, int) else list(value)
    return values * count if len(values) == 1 else values


def divided(relevance: Tensor, z: Tensor) -> Tensor:
    """`R_k / z_k`, and 0 where `z_k` is 0: nothing went into this neuron, so that nothing can be passed on."""
    return (relevance / z).masked_fill_(z == 0, 0)


def stabilized(z: Tensor, epsilon: float = 1e-6) -> Tensor:
    """`z + ε sign(z)`, with `sign(0) = 1`: never zero."""
    return torch.where(z >= 0, z + epsilon, z - epsilon)
