"""What `TSNEExplorer` maps: pictures or rows of a table, seen as pixels or as what a layer of a net makes of them."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

from xaiwidgets.colors import picture
from xaiwidgets.datasets import Dataset
from xaiwidgets.evaluation.neighbours import neighbour_preservation, trustworthiness
from xaiwidgets.explorers.pictures import UNKNOWN, as_dataset, named_classes, on_device
from xaiwidgets.methods.layers import activations, layer_shapes
from xaiwidgets.methods.pca import PCA, pca
from xaiwidgets.methods.tsne import LARGEST
from xaiwidgets.methods.tsne_affinities import Affinities, affinities, check_points

PIXELS, COLUMNS = "pixels", "columns"  # what the data are without a net
SPRITE = 32  # pixels of the longer side of the little pictures that are sent to the page
NEIGHBOURS = 10  # of the two numbers that judge a map
FEW = 1000  # points, below which a table of all pairs costs next to nothing
JUDGED = 2000  # points, up to which they are worked out whenever the map rests


@dataclass(frozen=True)
class Subject:
    """The points: their inputs, classes and pictures.

    Attributes:
        inputs: `(N, C, H, W)` in [0, 1], or a table `(N, D)`.
        data: the same as a dataset; None for a table.
        labels: `(N,)`, -1 where nobody told.
        model: whose layers can be chosen; None: none can.
        layers: what can be chosen -> how many values a point then has.
        notice: what a reader must know.
    """

    inputs: Tensor
    data: Dataset | None
    labels: Tensor
    class_names: tuple[str, ...]
    model: nn.Module | None
    layers: dict[str, int]
    notice: str

    def named(self, layer: str) -> str:
        """A layer as a person reads it, with the type of its module."""
        if layer in (PIXELS, COLUMNS):
            return layer
        return f"layer {layer} ({type(self.model.get_submodule(layer)).__name__})"

    @property
    def inked(self) -> bool:
        """Whether the pictures are grey: light ink on black paper."""
        return self.data is not None and self.inputs.shape[1] == 1

    @cached_property
    def sprites(self) -> np.ndarray:
        """`(N, h, w, 3)` uint8; without pictures none."""
        if self.data is None:
            return np.zeros((0, 0, 0, 3), np.uint8)
        images = self.inputs
        shrink = SPRITE / max(images.shape[-2:])
        if shrink < 1:
            images = interpolate(images, scale_factor=shrink, mode="area")
        return picture(images)


@dataclass(frozen=True)
class Space:
    """The points as t-SNE sees them.

    Attributes:
        layer: what was chosen.
        x: `(N, D)`.
        pca: their principal components.
    """

    layer: str
    x: Tensor
    pca: PCA

    def near(self, perplexity: float) -> Affinities:
        """How near the points are to each other."""
        return affinities(self.x, perplexity)

    @cached_property
    def pca_judged(self) -> str:
        """What the map along the first two principal components is worth."""
        return self.judged(self.pca.scores)

    def judged(self, y: Tensor) -> str:
        """What a map is worth, in words with two numbers: trustworthiness and kept neighbours."""
        if len(y) > JUDGED:
            return f"not judged: more than {JUDGED:,} points"
        few = max(1, min(NEIGHBOURS, (len(y) - 1) // 2))
        kept = neighbour_preservation(self.x, y, few)
        return f"trustworthiness {trustworthiness(self.x, y, few):.2f}, {kept:.0%} of {few} neighbours kept"


def subject_of(
    model: nn.Module | None, images: Dataset | Tensor, labels: Tensor | None, class_names: list[str] | None
) -> Subject:
    """Check what the user gave; more points than t-SNE holds are left out, with a notice."""
    if isinstance(images, Tensor) and images.ndim == 2:
        if model is not None:
            raise ValueError("images must be pictures (N, C, H, W) for a model with layers, got a table (N, D)")
        data, inputs = None, images.detach()
        labels = torch.full((len(images),), UNKNOWN) if labels is None else torch.as_tensor(labels).long()
        if labels.shape != (len(images),):
            raise ValueError(f"labels must be ({len(images)},), one for each point, got {tuple(labels.shape)}")
    else:
        data = as_dataset(images, labels, class_names)[:LARGEST]
        inputs, labels = data.images, data.labels
        class_names = list(data.class_names)
    count, kept = len(images), min(len(images), LARGEST)
    inputs, labels = _checked(inputs[:kept], "images"), labels[:kept].cpu()
    layers = {COLUMNS if data is None else PIXELS: inputs[0].numel()}
    if model is not None:
        class_names = list(named_classes(model, data))
        layers |= {
            name: int(np.prod(shape)) for name, shape in layer_shapes(model, on_device(model, inputs[:1])).items()
        }
    names = class_names or [str(label) for label in range(int(labels.max()) + 1)]
    if len(names) <= int(labels.max()):
        raise ValueError(f"class_names must name classes 0 to {int(labels.max())}, got {len(names)} names")
    notice = f"The first {kept:,} of {count:,} points: t-SNE holds a table of all pairs" if kept < count else ""
    return Subject(inputs, data, labels, tuple(names), model, layers, notice)


def space_of(subject: Subject, layer: str) -> Space:
    """The points as a layer, or nothing, makes of them.

    Raises:
        ValueError: if they are all the same there, or not finite; names the layer.
    """
    x = subject.inputs if subject.model is None else on_device(subject.model, subject.inputs)
    if layer not in (PIXELS, COLUMNS):
        x = activations(subject.model, x, layer)
    x = _checked(x.flatten(1), f"values of {layer}")
    found = pca(x, min(2, x.shape[1]))
    return Space(layer, x, replace(found, scores=pad(found.scores, (0, 2 - found.scores.shape[1]))))


def _checked(x: Tensor, name: str) -> Tensor:
    """`x` as t-SNE takes it, or an error that says what is wrong with `name`."""
    try:
        return check_points(x)
    except (TypeError, ValueError) as error:
        raise type(error)(str(error).replace("x ", f"{name} ", 1)) from error
