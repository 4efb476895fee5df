"""How relevance passes operations without weights: activations, pooling, sums of branches, constants.

Each is a backward rule: `(call, R at the output) -> (R at each input,)`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from xaiwidgets.backward import Call, Rule
from xaiwidgets.methods.linear_layer import divided


def passed_on(call: Call, relevance: Tensor) -> tuple[Tensor]:
    """One value in, one value out: relevance goes on unchanged (summed where a constant repeated the value)."""
    return (relevance.sum_to_size(call.inputs[0].shape),)


def proportional(call: Call, relevance: Tensor) -> tuple[Tensor]:
    """Sum and average pooling: `R_j = x_j / Σ_j x_j R_k` over the values of a pool."""
    x, transposed = _transposed(call.run, call.inputs[0])
    return (x * transposed(divided(relevance, call.output)),)


def proportional_to_power(call: Call, relevance: Tensor) -> tuple[Tensor]:
    """Lp pooling: `R_j = x_jᵖ / Σ_j x_jᵖ R_k`, its gradient x input: from equal shares to the winner's all.

    By Euler's theorem on homogeneous functions; torch's lp pooling of negative values has no relevance to give.
    """
    x, transposed = _transposed(call.run, call.inputs[0])
    return (torch.nan_to_num(x * transposed(divided(relevance, call.output))),)


def added(call: Call, relevance: Tensor) -> tuple[Tensor, ...]:
    """A sum of branches, `z = a + b` (or `a - b`): each gets its share, `R_a = a / z R`."""
    first, second = call.inputs
    factor = call.arguments.get("alpha", 1)
    if "rsub" in call.function:  # b - a, spelled with a first
        shares = -factor * first, second
    else:
        shares = first, (-factor if "sub" in call.function else factor) * second
    s = divided(relevance, call.output)
    return tuple((s * each).sum_to_size(each.shape) for each in shares)


OTHER_RULES: dict[str, Rule] = {
    **dict.fromkeys(("relu", "activation", "scale", "batch_norm"), passed_on),
    **dict.fromkeys(("average_pool", "sum"), proportional),
    "lp_pool": proportional_to_power,
    "add": added,
}


@dataclass(frozen=True)
class WinnerTakesAll:
    """Max pooling: all relevance to the largest value of each pool. Montavon 2018, section 5.2."""

    def propagate(self, call: Call, relevance: Tensor) -> Tensor:
        """`R_k` -> `R_j`."""
        return _transposed(call.run, call.inputs[0])[1](relevance)


@dataclass(frozen=True)
class Proportional:
    """Max pooling treated as sum pooling: `R_j = x_j / Σ_j x_j R_k` over the values of a pool."""

    def propagate(self, call: Call, relevance: Tensor) -> Tensor:
        """`R_k` -> `R_j`."""
        x, transposed = _transposed(lambda x: _mean_of_pools(call, x), call.inputs[0])
        return x * transposed(divided(relevance, _mean_of_pools(call, x)))


def _transposed(run: Callable[..., Tensor], x: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """`x`, and the map from a value at the output to its gradient at `x`."""
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()
        output = run(leaf)
    return x, lambda s: torch.autograd.grad(output, leaf, s)[0]


def _mean_of_pools(call: Call, x: Tensor) -> Tensor:
    """The mean over the pools of a max pooling; whether mean or sum makes no difference to the shares."""
    settings = {name: value for name, value in call.arguments.items() if name != "return_indices"}
    if call.function == "amax":
        return x.mean(**settings)
    if not {1}.issuperset(np.atleast_1d(settings.pop("dilation", 1))):
        raise ValueError(f"Proportional is not for dilated pooling, met in layer {call.layer!r}; use WinnerTakesAll")
    return getattr(F, call.function.replace("max", "avg"))(x, **settings)
