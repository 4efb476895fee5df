"""What the LRP explorer is asked for, and what it finds."""

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from xaiwidgets.explorers.lrp_choices import Choices
from xaiwidgets.explorers.lrp_layers import Layer
from xaiwidgets.explorers.lrp_meter import Reading, readings
from xaiwidgets.explorers.lrp_network import Drawing, drawing_of
from xaiwidgets.explorers.lrp_neuron import Neuron, index_at, neuron_of
from xaiwidgets.methods.composites import Composite
from xaiwidgets.methods.lrp import Flow


@dataclass(frozen=True)
class Question:
    """What the flow of relevance depends on: picture, class and rules."""

    image: int
    target: int
    choices: Choices


@dataclass(frozen=True)
class Request:
    """What the user has set.

    Attributes:
        question: picture, class and rules.
        through: the channel that alone is followed, `(index of the layer, channel)`; None: all.
        layer: index of the layer that is looked into.
        spot: the neuron looked at, `(index of its layer, row and column in its map, or (unit,))`; None: the strongest.
    """

    question: Question
    through: tuple[int, int] | None
    layer: int
    spot: tuple[int, tuple[int, ...]] | None


@dataclass(frozen=True)
class Result:
    """A request and what is shown for it; `free` is the flow through all channels.

    Without a flow `error` says why. What is read from the flow is worked out when it is asked for: the maps, which are
    waited for, are sent before.
    """

    request: Request
    image: Tensor
    mask: Tensor | None
    logits: Tensor
    flow: Flow | None = None
    free: Flow | None = None
    composite: Composite | None = None
    layers: tuple[Layer, ...] = ()
    class_names: tuple[str, ...] = ()
    error: str = ""

    @cached_property
    def readings(self) -> list[Reading]:
        """Of the conservation meter."""
        return readings(self.flow, self.layers, self.composite)

    @cached_property
    def drawing(self) -> Drawing:
        """Of the dense layers; without columns where there is no flow."""
        if self.flow is None:
            return Drawing([], [], [], [])
        return drawing_of(self.flow, self.layers, self.composite, self.class_names)

    @cached_property
    def neuron(self) -> Neuron:
        """The neuron that the request means: under the pointer, else the strongest of the layer."""
        where, cell = self.request.spot or (self.request.layer, None)
        layer, channel, through = self.layers[where], None, self.request.through
        if through and through[0] == where:
            channel = through[1]
        if cell is not None and len(cell) == 1:  # a unit of the drawing
            cell, channel = None, cell[0]
        index = index_at(layer, layer.step(self.flow).arriving[0], cell, channel)
        return neuron_of(self.flow, layer, self.composite, index)
