"""Pictures with several things in them, and which of them the reader points at."""

from dataclasses import replace

import torch
from torch import Tensor

from xaiwidgets.datasets import Dataset, load_dataset
from xaiwidgets.explorers.pictures import object_mask

SEVERAL, ONE = 15, 9  # of the course's pictures with several things and with one
FIRST = {"car", "boat", "tree"}  # what the picture shows that comes first
SEARCHED = 60


def course_pictures() -> Dataset:
    """Pictures with several things of different classes, beginning with a car and a boat, then some with one thing."""
    several, one = load_dataset("scenes-several", count=SEARCHED), load_dataset("scenes", count=ONE)
    shown = [{thing.name for thing in things} for things in several.objects]
    order = sorted(range(SEARCHED), key=lambda i: shown[i] != FIRST)[:SEVERAL]
    several = several[order]
    return replace(
        several,
        name="scenes with one thing or several",
        images=torch.cat([several.images, one.images]),
        labels=torch.cat([several.labels, one.labels]),
        masks=torch.cat([several.masks, one.masks]),
        objects=(*several.objects, *one.objects),
    )


def thing_at(data: Dataset, index: int, pixel: tuple[int, int]) -> str | None:
    """Name of the thing that picture `index` shows at `(row, column)`; None where there is none."""
    return next((thing.name for thing in data.objects[index] if thing.mask[pixel]), None)


def mask_of(data: Dataset, index: int, target: int, name: str) -> Tensor | None:
    """Where picture `index` shows things of a class, `(H, W)` bool; None where it shows none, or nobody knows."""
    if data.objects is not None and data.objects[index]:
        masks = [thing.mask for thing in data.objects[index] if thing.name == name]
        return torch.stack(masks).any(0) if masks else None
    return object_mask(data, index) if int(data.labels[index]) == target else None
