"""The layers of a net as LRP passes them, and relevance there as small pictures."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from xaiwidgets.borrow import borrow
from xaiwidgets.colors import symmetric_limit, to_rgb
from xaiwidgets.methods.lrp import Flow, Step

WEIGHTED = ("convolution", "linear")
UNCHANGED = ("relu", "activation", "scale", "batch_norm")  # relevance passes them as it is: no picture of their own
SHORT = {
    "convolution": "conv", "linear": "dense", "max_pool": "max", "average_pool": "mean", "lp_pool": "lp", "add": "sum",
}  # fmt: skip
LARGEST = 64  # pixels of the longer side of a small picture


@dataclass(frozen=True)
class Layer:
    """A layer whose relevance is shown.

    Attributes:
        place: of its step, counted from the input.
        name: of the module; "" where a function of the model itself computes it.
        operation: among the rules.
        shape: of its output, without N.
        passes: module whose output is this layer's: its own, or that of the normalization merged into it.
    """

    place: int
    name: str
    operation: str
    shape: tuple[int, ...]
    passes: str

    @property
    def title(self) -> str:
        """Name and kind: "9 conv"; the name alone where it is a word, "blocks.0.conv1"."""
        if self.operation in WEIGHTED and self.name and not self.name.split(".")[-1].isdigit():
            return self.name
        return f"{self.name} {SHORT.get(self.operation, self.operation.replace('_', ' '))}".strip()

    @property
    def is_spatial(self) -> bool:
        """Whether it has channels of rows and columns."""
        return len(self.shape) == 3 and self.shape[1:] != (1, 1)

    @property
    def units(self) -> int:
        """Channels, or units of a layer without rows and columns."""
        return self.shape[0]

    def step(self, flow: Flow) -> Step:
        """This layer's step in a flow of the same model."""
        return flow.steps[len(flow.steps) - 1 - self.place]


def layers_of(flow: Flow, model: nn.Module) -> list[Layer]:
    """The layers from input to output; those that leave relevance as it is are left out."""
    steps = flow.steps[::-1]
    shown = [(place, step) for place, step in enumerate(steps) if step.operation not in UNCHANGED]
    modules = dict(getattr(borrow(model), "model", model).named_modules())
    return [
        Layer(place, step.layer, step.operation, tuple(step.output.shape[1:]), _output_module(step, modules))
        for place, step in shown
    ]


def _output_module(step: Step, modules: dict[str, nn.Module]) -> str:
    """A layer into which a normalization was merged ends where that does: the next one among the modules."""
    weight = getattr(modules.get(step.layer), "weight", None)
    if step.operation not in WEIGHTED or weight is None or _same(weight, step.call.arguments["weight"]):
        return step.layer
    names = list(modules)
    after = names[names.index(step.layer) + 1 :]
    return next((name for name in after if isinstance(modules[name], _BatchNorm)), step.layer)


def _same(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are the same memory: two borrowed copies share weights, not tensors."""
    return one.data_ptr() == other.data_ptr()


def map_of(relevance: Tensor) -> Tensor:
    """Relevance of one layer, without N, as a map `(h, w)`: channels summed, units in rows of a near-square.

    Places without a unit are NaN.
    """
    values = relevance.detach().cpu()
    if values.ndim == 3 and values.shape[1:] != (1, 1):
        return values.sum(0)
    if values.ndim == 2:
        return values
    values = values.flatten()
    columns = columns_of(len(values))
    rows = -(-len(values) // columns)
    return F.pad(values, (0, rows * columns - len(values)), value=torch.nan).view(rows, columns)


def columns_of(units: int) -> int:
    """Columns of the near-square in which so many units are shown."""
    return max(round(units**0.5), 1)


def by_channel(relevance: Tensor) -> Tensor:
    """Relevance of each channel, or of each unit of a layer without rows and columns, `(C,)`."""
    return relevance.detach().cpu().reshape(len(relevance), -1).sum(1)


def thumbnails(maps: list[Tensor]) -> np.ndarray:
    """The maps as pictures of one size, `(n, H, W, 3)` uint8, each on its own scale."""
    height, width = (min(max(each.shape[axis] for each in maps), LARGEST) for axis in (0, 1))
    return np.stack([_thumbnail(each, height, width) for each in maps])


def _thumbnail(values: Tensor, height: int, width: int) -> np.ndarray:
    if values.shape[0] > height or values.shape[1] > width:
        smaller = [min(length, most) for length, most in zip(values.shape, (height, width), strict=True)]
        values = F.adaptive_avg_pool2d(values[None], smaller)[0]
    rgb = to_rgb(values, symmetric_limit(values))
    rows, columns = rgb.shape[:2]
    return rgb[np.arange(height) * rows // height][:, np.arange(width) * columns // width]
