"""The dense layers of a net as a drawing: units, weights, and the relevance that flows along them."""

from dataclasses import dataclass
from itertools import pairwise
from math import prod

import numpy as np
import torch
from torch import Tensor

from xaiwidgets.explorers.lrp_layers import Layer
from xaiwidgets.explorers.lrp_messages import messages
from xaiwidgets.methods.composites import Composite
from xaiwidgets.methods.lrp import Flow, Step
from xaiwidgets.views import NetworkLayer, NetworkView, strongest

MOST = 12  # units of a column
INPUTS = 256  # units from which on the input of the first dense layer is left out: it is a picture, drawn as such


@dataclass(frozen=True)
class Drawing:
    """What a `NetworkView` shows.

    Attributes:
        columns, weights, flows: as `NetworkView.show` takes them.
        layers: index among the explorer's layers of each column; None: the column is the input of the first.
    """

    columns: list[NetworkLayer]
    weights: list[np.ndarray]
    flows: list[np.ndarray]
    layers: list[int | None]


def dense_chain(flow: Flow) -> list[Step]:
    """The dense layers at the end of the net, each the input of the next, from left to right."""
    chain: list[Step] = []
    for step in (each for each in flow.steps if each.operation == "linear" and each.output.ndim == 2):
        if chain and step.output.shape[1] != chain[0].x[0].shape[1]:
            break
        chain.insert(0, step)
    return chain


def drawing_of(flow: Flow, layers: list[Layer], composite: Composite, class_names: tuple[str, ...]) -> Drawing:
    """The drawing of the dense layers; without columns where the net has none."""
    chain = dense_chain(flow)
    values = _columns(chain)
    with_input = len(values) > len(chain)
    steps = chain if with_input else chain[1:]
    places = {id(layer.step(flow)): index for index, layer in enumerate(layers)}
    indices: list[int | None] = [places[id(step)] for step in chain]
    if with_input:
        indices.insert(0, _before(layers, indices[0], len(values[0][0])))
    chosen = [strongest(relevance, MOST) for _, relevance in values]
    columns = []
    for (activations, relevance), units, index in zip(values, chosen, indices, strict=True):
        is_output = units is chosen[-1]
        if is_output:
            units = chosen[-1] = _outputs(activations, relevance)
        columns.append(_column(activations, relevance, units, index, layers, class_names if is_output else ()))
    weights, flows = [], []
    for step, (left, right) in zip(steps, pairwise(chosen), strict=True):
        weights.append(step.call.arguments["weight"].detach().cpu().numpy()[np.ix_(right, left)].T)
        flows.append(_flows(flow, step, composite, left, right))
    return Drawing(columns, weights, flows, indices)


def _columns(chain: list[Step]) -> list[tuple[Tensor, Tensor]]:
    """Activations and relevance of each column, of all units."""
    if not chain:
        return []
    after = [*(step.x[0] for step in chain[1:]), chain[-1].output]
    columns = [(each[0].cpu(), step.arriving[0].cpu()) for each, step in zip(after, chain, strict=True)]
    first = chain[0]
    if first.x[0].shape[1] <= INPUTS or len(chain) == 1:
        columns.insert(0, (first.x[0][0].cpu(), first.passed[0][0].cpu()))
    return columns


def _before(layers: list[Layer], index: int, inputs: int) -> int | None:
    """Index of the layer before, if its units are the inputs of the first dense layer, at `index`; else None."""
    before = layers[index - 1] if index else None
    return index - 1 if before and before.units == prod(before.shape) == inputs else None


def _outputs(activations: Tensor, relevance: Tensor) -> np.ndarray:
    """The classes with the largest scores, and those where relevance starts."""
    return strongest(activations - activations.min() + 1e9 * (relevance != 0), MOST)


def _column(
    activations: Tensor,
    relevance: Tensor,
    units: np.ndarray,
    index: int | None,
    layers: list[Layer],
    class_names: tuple[str, ...],
) -> NetworkLayer:
    name = f"{len(activations)} inputs" if index is None else layers[index].title
    labels = [class_names[unit] for unit in units] if class_names else None
    hidden = float(relevance.sum() - relevance[units].sum()) if len(units) < len(relevance) else None
    return NetworkLayer(name, units, activations[units], relevance[units], labels, len(activations), hidden)


def _flows(flow: Flow, step: Step, composite: Composite, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """`R_j←k` on each line between the units shown, `(left, right)`."""
    relevance = torch.zeros(len(right), step.output.shape[1]).to(step.arriving)
    for row, unit in enumerate(right):
        relevance[row, unit] = step.arriving[0, unit]
    return messages(flow, step, composite, relevance)[:, left].T.detach().cpu().numpy()


def show_drawing(view: NetworkView, drawing: Drawing) -> None:
    """Write a drawing to its view."""
    view.show(drawing.columns, drawing.weights, drawing.flows)
    names = ", ".join(f"{column.name} ({column.total} units)" for column in drawing.columns)
    view.alt = f"The dense layers from left to right: {names}. Lines are relevance or weights between units."
