"""What `TopKExplorer` looks at: the layers of a model, and the classes of its pictures."""

from dataclasses import dataclass

import torch
from torch import nn

from xaiwidgets.borrow import borrow
from xaiwidgets.datasets import Dataset
from xaiwidgets.explorers.pictures import UNKNOWN, on_device
from xaiwidgets.methods.layers import activations, layer_shapes


@dataclass(frozen=True)
class Subject:
    """What is looked at.

    Attributes:
        layers: name -> shape of what it hands on without N, in running order; None: the logits.
        titles: how each layer is named to a reader.
        class_names: one a logit.
        labelled: whether the pictures have classes.
    """

    layers: dict[str | None, tuple[int, ...]]
    titles: dict[str | None, str]
    class_names: tuple[str, ...]
    labelled: bool

    def unit_name(self, layer: str | None, channel: int) -> str:
        """As a reader finds it in the list."""
        return self.class_names[channel] if layer is None else str(channel)

    def has_maps(self, layer: str | None) -> bool:
        """Whether the layer's channels are maps of several places."""
        shape = self.layers[layer]
        return len(shape) == 3 and shape[1] * shape[2] > 1

    def last_with_maps(self) -> str | None:
        """The last layer that has maps, else the logits."""
        names = [name for name in self.layers if self.has_maps(name)]
        return names[-1] if names else None


def subject_of(model: nn.Module, data: Dataset, class_names: tuple[str, ...]) -> Subject:
    """The layers of the model, from the input to the logits."""
    borrowed, x = borrow(model), on_device(model, data.images[:1])
    shapes: dict[str | None, tuple[int, ...]] = dict(layer_shapes(borrowed, x))
    logits = activations(borrowed, x, None)
    last = next(reversed(shapes), None)
    if last is not None and torch.equal(activations(borrowed, x, last), logits):
        del shapes[last]  # the logits by another name
    kinds = {name: type(module).__name__ for name, module in model.named_modules()}
    # "AdaptiveAvgPool2d" is too long for the list, and its output has the same meaning.
    titles: dict[str | None, str] = {name: f"{name} {kinds[name].removeprefix('Adaptive')}" for name in shapes}
    shapes[None], titles[None] = tuple(logits.shape[1:]), "logits"
    return Subject(shapes, titles, class_names, bool((data.labels != UNKNOWN).any()))
