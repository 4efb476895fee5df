"""Pictures in two versions: as they are, and with a tag that a network may have learned to read."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from xaiwidgets.datasets import Dataset, load_dataset
from xaiwidgets.explorers.pictures import UNKNOWN

Tag = Callable[[Tensor], Tensor]
BOATS = 4  # with the tag, and as many without


@dataclass(frozen=True)
class TaggedPictures:
    """`data` without the tag, the same images `(N, C, H, W)` with it, and which of them begin with it, `(N,)` bool.

    `name` is what the tag is called; None: there is none.
    """

    data: Dataset
    name: str | None
    with_tag: Tensor
    begins: Tensor

    def image(self, index: int, tagged: bool) -> Tensor:
        """Picture `index`, `(C, H, W)`, with or without its tag."""
        return (self.with_tag if tagged else self.data.images)[index]

    def label(self, index: int) -> int | None:
        """The true class of picture `index`; None where nobody told."""
        label = int(self.data.labels[index])
        return None if label == UNKNOWN else label

    def regions(self, index: int, tagged: bool) -> dict[str, Tensor]:
        """What a network may look at in picture `index`, by name: masks `(H, W)` bool."""
        masks = self.data.masks
        regions = {} if masks is None else {"object": masks[index]}
        if tagged:
            regions[self.name] = (self.with_tag[index] != self.data.images[index]).any(0)
        return regions

    def thumbnails(self) -> Tensor:
        """Every picture as it begins, `(N, C, H, W)`."""
        return torch.where(self.begins[:, None, None, None], self.with_tag, self.data.images)


def course_pictures() -> tuple[Dataset, Tensor]:
    """Boats, and two of every other class; and which begin with the tag, `(N,)` bool: the first boats."""
    data = load_dataset("scenes")
    boat = data.class_names.index("boat")
    others = [label for label in range(len(data.class_names)) if label != boat]
    counts = {boat: 2 * BOATS, **dict.fromkeys(others, 2)}
    chosen = torch.cat([(data.labels == label).nonzero()[:count, 0] for label, count in counts.items()])
    return data[chosen], torch.arange(len(chosen)) < BOATS


def tagged_pictures(data: Dataset, tag: Tag | None, begins: Tensor | None, name: str) -> TaggedPictures:
    """Put the tag into all pictures, once.

    Args:
        data: the pictures without the tag.
        tag: the function that adds it, see `ShortcutExplorer`; None: nothing is added.
        begins: which begin with the tag, `(N,)` bool; None: none.
        name: what the tag is called.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """
    begins = torch.zeros(len(data), dtype=torch.bool) if begins is None else torch.as_tensor(begins)
    if begins.dtype != torch.bool or begins.shape != (len(data),):
        raise ValueError(f"tagged must be ({len(data)},) bool, got {tuple(begins.shape)} {begins.dtype}")
    if tag is None:
        return TaggedPictures(data, None, data.images, torch.zeros_like(begins))
    try:
        images = tag(data.images.clone())
    except ValueError as error:
        raise ValueError(f"tag failed on the images ({error}); tag=None leaves the switch out") from error
    if not isinstance(images, Tensor) or images.shape != data.images.shape:
        got = tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__
        raise ValueError(f"tag must return images of the shape {tuple(data.images.shape)} it was given, got {got}")
    return TaggedPictures(data, name, images.detach(), begins)
