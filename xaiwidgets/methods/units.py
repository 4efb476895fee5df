"""What is watched in a model: a class, a channel, a single neuron, or a whole layer."""

from dataclasses import dataclass

from torch import Tensor, nn

from xaiwidgets.methods.layers import activations, run_to
from xaiwidgets.methods.places import checked_place


@dataclass(frozen=True)
class Unit:
    """A class, a channel, a neuron or a layer.

    Attributes:
        layer: name of a module; None: the model itself, whose channels are the classes' logits.
        channel: index along the second axis of the layer's output `(N, C, …)`; None: the whole layer.
        place: indices along the axes after it, such as `(row, column)`: one neuron; None: the channel at all places.
    """

    layer: str | None = None
    channel: int | None = None
    place: tuple[int, ...] | None = None

    @property
    def name(self) -> str:
        """As a person reads it: "class 3", "layer 7, channel 12 at (3, 4)"."""
        if self.layer is None:
            return "all classes" if self.channel is None else f"class {self.channel}"
        channel = "" if self.channel is None else f", channel {self.channel}"
        place = "" if self.place is None else f" at {self.place}"
        return f"layer {self.layer}{channel}{place}"

    def values(self, output: Tensor) -> Tensor:
        """The unit's part of its layer's output `(N, C, …)`: `(N, …)`; of a neuron `(N,)`, of a layer all of it."""
        if self.channel is not None:
            output = output[:, self.channel]
        return output if self.place is None else output[(slice(None), *self.place)]


def check_unit(model: nn.Module, x: Tensor, unit: Unit | int) -> Unit:
    """Return what is to be watched (an int is a class), or raise an error that says what there is.

    Raises:
        TypeError, ValueError: naming the layer, the channel or the place that does not exist.
    """
    if isinstance(unit, int) and not isinstance(unit, bool):
        unit = Unit(channel=unit)
    if not isinstance(unit, Unit):
        raise TypeError(f"target must be a class index or a Unit(layer, channel, place), got {type(unit).__name__}")
    layer = unit.layer
    shape = activations(model, x[:1], layer).shape[1:]
    what = "class" if layer is None else "channel"
    where = "the model" if layer is None else f"layer {layer!r}"
    if unit.channel is not None and not 0 <= unit.channel < shape[0]:
        raise ValueError(f"{what} must be from 0 to {shape[0] - 1} of {where}, got {unit.channel}")
    if unit.place is not None:
        if unit.channel is None:
            raise ValueError(f"place needs a channel, got place {unit.place} of all of {where}")
        checked_place(unit.place, tuple(shape[1:]))
    return unit


def unit_outputs(model: nn.Module, x: Tensor, unit: Unit) -> Tensor:
    """The values `(N, …)` of a checked unit of a borrowed model for inputs `x`, attached to the graph of `x`."""
    return unit.values(run_to(model, x, unit.layer))
