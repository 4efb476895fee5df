"""How good the networks are, and how far the shortcut net leans on the tag."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..datasets import Dataset, add_tag, load_dataset
from .load import load_model


def predict(model: nn.Module, images: Tensor, batch: int = 100) -> Tensor:
    """(N,) int64: the class with the largest logit, of images (N, C, H, W) on any device."""
    device = next(model.parameters()).device
    with torch.no_grad():
        found = [model(part.to(device)).argmax(dim=1).cpu() for part in images.split(batch)]
    return torch.cat(found) if found else torch.zeros(0, dtype=torch.int64)


def accuracy(model: nn.Module, dataset: Dataset) -> float:
    """The share of the dataset's pictures that the model (in eval mode) gets right, 0 to 1."""
    if not len(dataset):
        raise ValueError(f"dataset {dataset.name!r} is empty: there is no accuracy of nothing")
    return (predict(model, dataset.images) == dataset.labels.cpu()).float().mean().item()


class ShortcutNumbers(NamedTuple):
    """Shares between 0 and 1, measured on the test pictures."""

    tagged_accuracy: float
    untagged_accuracy: float
    boats_with_tag: float
    boats_without_tag: float
    flipped_by_tag: float

    @property
    def loss(self) -> float:
        """How much of the boats' accuracy goes when their tag goes."""
        return self.boats_with_tag - self.boats_without_tag


def shortcut_numbers(model: nn.Module | None = None) -> ShortcutNumbers:
    """What the caption tag does to a model, by default to scenes-shortcut.

    flipped_by_tag is the share of pictures of other classes, not taken for boats, that become boats when tagged.
    """
    model = load_model("scenes-shortcut") if model is None else model
    tagged, plain = load_dataset("scenes-tagged"), load_dataset("scenes")
    boat = plain.class_names.index("boat")
    boats, others = plain.labels == boat, plain[plain.labels != boat]
    before, after = predict(model, others.images), predict(model, add_tag(others.images))
    return ShortcutNumbers(
        tagged_accuracy=accuracy(model, tagged),
        untagged_accuracy=accuracy(model, plain),
        boats_with_tag=accuracy(model, tagged[boats]),
        boats_without_tag=accuracy(model, plain[boats]),
        flipped_by_tag=(after[before != boat] == boat).float().mean().item(),
    )
