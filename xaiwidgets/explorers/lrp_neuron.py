"""One neuron: which of its inputs gets how much of its relevance."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from xaiwidgets.explorers.lrp_layers import WEIGHTED, Layer, columns_of
from xaiwidgets.explorers.lrp_messages import layer_of, rule_of
from xaiwidgets.methods.composites import Composite
from xaiwidgets.methods.lrp import Flow


@dataclass(frozen=True)
class Neuron:
    """A neuron `k` of a layer, and what it passes on to its inputs `j`.

    Attributes:
        layer: the layer; index: of the neuron in the layer's output without N.
        rule: with which it shares out its relevance; None: the layer has no weights.
        relevance, z, bias: `R_k`, `z_k` and `b_k`.
        x, weight, passed: `x_j`, `w_jk` and `R_j←k` of all inputs of the layer, in its input's shape without N.
        reached: which of them the neuron sees.
        bounds: of the inputs; None: the layer is not the first.
    """

    layer: Layer
    index: tuple[int, ...]
    relevance: float
    z: float
    rule: Any = None
    bias: float = 0.0
    x: Tensor | None = None
    weight: Tensor | None = None
    passed: Tensor | None = None
    reached: Tensor | None = None
    bounds: tuple[Tensor, Tensor] | None = None

    @property
    def contributions(self) -> Tensor:
        """`z_jk = x_j w_jk` of every input."""
        return self.x * self.weight

    @property
    def title(self) -> str:
        """Where it is: "9 conv, channel 3, row 5, column 8"."""
        pooled = len(self.index) == 3 and not self.layer.is_spatial  # one row, one column
        place = f"channel {self.index[0]}" if pooled else place_words(self.index)
        return f"{self.layer.title}, {place}"


def place_words(index: tuple[int, ...]) -> str:
    """An index into a layer in words."""
    names = {1: ("unit",), 3: ("channel", "row", "column")}.get(len(index), tuple("index" for _ in index))
    return ", ".join(f"{name} {value}" for name, value in zip(names, index, strict=True))


def cell_of(layer: Layer, index: tuple[int, ...]) -> tuple[int, int]:
    """Row and column of a neuron in its layer's map."""
    if layer.is_spatial:
        return index[-2], index[-1]
    if len(layer.shape) == 2:
        return index[0], index[1]
    return divmod(index[0], columns_of(layer.units))


def index_at(layer: Layer, relevance: Tensor, cell: tuple[int, int] | None, channel: int | None) -> tuple[int, ...]:
    """The neuron meant by a cell of a layer's map: of the chosen channel, or the one with most relevance there.

    Args:
        layer: the layer.
        relevance: at its output, without N.
        cell: row and column in its map; None: anywhere.
        channel: None: any.
    """
    size = relevance.abs()
    if not layer.is_spatial and cell is not None and len(layer.shape) != 2:
        unit = cell[0] * columns_of(layer.units) + cell[1]
        cell, channel = None, unit if unit < layer.units else channel
    allowed = torch.zeros_like(size, dtype=torch.bool)
    where = [slice(None)] * size.ndim
    if channel is not None and (layer.is_spatial or len(layer.shape) != 2):
        where[0] = channel
    if cell is not None and all(number < length for number, length in zip(cell, size.shape[-2:], strict=True)):
        where[-2:] = cell
    allowed[tuple(where)] = True
    best = int(torch.where(allowed, size, -1).argmax())
    return tuple(int(i) for i in torch.unravel_index(torch.tensor(best), size.shape))


@torch.no_grad()
def neuron_of(flow: Flow, layer: Layer, composite: Composite, index: tuple[int, ...]) -> Neuron:
    """What the neuron at `index` of a layer's output passes on, by the rule of its layer."""
    step = layer.step(flow)
    relevance, z = (float(each[(0, *index)]) for each in (step.arriving, step.output))
    if step.operation not in WEIGHTED:
        return Neuron(layer, index, relevance, z)
    rule = rule_of(flow, step, composite)
    linear = layer_of(flow, step, rule)
    one = torch.zeros_like(linear.output)
    one[(0, *index)] = 1
    bias = linear.bias_part if linear.bias is None else float((linear.bias_part * one).sum())
    return Neuron(
        layer, index, relevance, z,
        rule=rule,
        bias=float(bias),
        x=linear.x[0],
        weight=linear.backward(one, linear.weight)[0],
        passed=rule.propagate(linear, relevance * one)[0],
        reached=linear.backward(one, torch.ones_like(linear.weight))[0] > 0,
        bounds=None if linear.low is None else (linear.low[0], linear.high[0]),
    )  # fmt: skip
