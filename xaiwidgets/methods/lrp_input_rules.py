"""LRP's rules for the first layer, whose input is no activation: pixels have bounds, and a zero pixel may matter.

Notation as in `lrp_rules`; `x_i` is an input value. Montavon et al. 2017 (deep Taylor,
https://arxiv.org/abs/1512.02479), section 5; Montavon et al. 2019, table 10.1; Bach et al. 2015 (flat).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from xaiwidgets.methods.linear_layer import LinearLayer, divided
from xaiwidgets.methods.lrp_rules import part


@dataclass(frozen=True)
class ZBox:
    """LRP-zᴮ: `R_i = Σ_k (x_i w_ik - l_i w_ik⁺ - h_i w_ik⁻) / Σ_i (x_i w_ik - l_i w_ik⁺ - h_i w_ik⁻) R_k`.

    Keeps relevance positive on pixels, since `l <= x <= h` makes every term positive. (The lecture's slide gives this
    formula under the name of the β-rule.) Biases cancel.

    Attributes:
        low, high: bounds of the model's input `x`, as numbers or tensors that fit it. What the model does to its input
            before the first layer with weights (normalization, say) is applied to them as well.
    """

    low: float | Tensor = 0.0
    high: float | Tensor = 1.0

    def propagate(self, layer: LinearLayer, relevance: Tensor) -> Tensor:
        """`R_k` -> `R_i`; raises ValueError for a layer that is not the first."""
        if layer.low is None or layer.high is None:
            raise ValueError("ZBox is for the first layer: it needs the bounds of the model's input")
        low, high = torch.minimum(layer.low, layer.high), torch.maximum(layer.low, layer.high)
        up, down = part(layer.weight, 1), part(layer.weight, -1)
        z = layer.output - layer.bias_part - layer.forward(low, up) - layer.forward(high, down)
        s = divided(relevance, z)
        passed = layer.x * layer.backward(s, layer.weight)
        return passed - low * layer.backward(s, up) - high * layer.backward(s, down)


@dataclass(frozen=True)
class WSquare:
    """LRP-w²: `R_i = Σ_k w_ik² / Σ_i w_ik² R_k`, whatever the input's value: for inputs without bounds."""

    def propagate(self, layer: LinearLayer, relevance: Tensor) -> Tensor:
        """`R_k` -> `R_i`."""
        return _spread(layer, relevance, layer.weight.square())


@dataclass(frozen=True)
class Flat:
    """LRP-flat: `R_i = Σ_k 1 / Σ_i 1 R_k`: every input of a neuron gets the same. Bach 2015."""

    def propagate(self, layer: LinearLayer, relevance: Tensor) -> Tensor:
        """`R_k` -> `R_i`."""
        return _spread(layer, relevance, torch.ones_like(layer.weight))


def _spread(layer: LinearLayer, relevance: Tensor, weight: Tensor) -> Tensor:
    ones = torch.ones_like(layer.x[:1])  # the sum is the same for every input of the batch
    return layer.backward(divided(relevance, layer.forward(ones, weight).expand_as(relevance)), weight)
