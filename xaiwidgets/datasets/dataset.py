"""The one type in which every dataset of the course comes."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class SceneObject:
    """One thing in a picture, with the truth about where it is.

    `mask` is (H, W) bool, true on the pixels that show the object; `parts` names its telling parts (a car's wheels),
    each with a mask inside the object's mask.
    """

    name: str
    mask: Tensor
    parts: dict[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Dataset:
    """Labelled pictures, with ground truth about their objects where there is one.

    images:      (N, C, H, W) float32 in [0, 1]
    labels:      (N,) int64, an index into class_names
    class_names: one name a class
    masks:       (N, H, W) bool, true where objects of the labelled class are, or None
    objects:     for each picture its objects, or None
    """

    name: str
    images: Tensor
    labels: Tensor
    class_names: tuple[str, ...]
    masks: Tensor | None = None
    objects: tuple[tuple[SceneObject, ...], ...] | None = None
    split: str = ""

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or not self.images.is_floating_point():
            kind = f"{tuple(self.images.shape)} {self.images.dtype}"
            raise ValueError(f"images must be (N, C, H, W) floating point, got {kind}")
        count, _, height, width = self.images.shape
        if self.labels.shape != (count,) or self.labels.dtype != torch.int64:
            kind = f"{tuple(self.labels.shape)} {self.labels.dtype}"
            raise ValueError(f"labels must be ({count},) int64, one for each image, got {kind}")
        if self.masks is not None and (self.masks.shape != (count, height, width) or self.masks.dtype != torch.bool):
            kind = f"{tuple(self.masks.shape)} {self.masks.dtype}"
            raise ValueError(f"masks must be ({count}, {height}, {width}) bool or None, got {kind}")
        if self.objects is not None and len(self.objects) != count:
            raise ValueError(f"objects must hold one tuple for each of {count} images, got {len(self.objects)}")

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, indices: Any) -> "Dataset":
        """The pictures at `indices` (an int, a slice, a list, or an index or bool tensor), as a Dataset."""
        chosen = self._positions(indices)
        picked = torch.tensor(chosen, dtype=torch.int64)
        return replace(
            self,
            images=self.images[picked],
            labels=self.labels[picked],
            masks=None if self.masks is None else self.masks[picked],
            objects=None if self.objects is None else tuple(self.objects[i] for i in chosen),
        )

    def _positions(self, indices: Any) -> list[int]:
        if isinstance(indices, Tensor):
            indices = indices.cpu().numpy()
        elif isinstance(indices, tuple):
            indices = list(indices)
        return np.arange(len(self))[indices].reshape(-1).tolist()

    def describe(self) -> str:
        """Plain text for a person: what the dataset holds and in which form."""
        count, channels, height, width = self.images.shape
        kind = {1: "grey", 3: "RGB"}.get(channels, f"{channels} channels")
        rows = [
            ("dataset", f"{self.name}, {self.split} split" if self.split else self.name),
            ("pictures", f"{count}, {kind}, {height} x {width} pixels"),
            ("images", f"{tuple(self.images.shape)} {str(self.images.dtype).removeprefix('torch.')}{self._range()}"),
            ("classes", f"{len(self.class_names)}: {', '.join(self.class_names)}"),
            ("per class", self._balance()),
            ("masks", self._truth()),
        ]
        return "\n".join(f"{label:<10}{text}" for label, text in rows)

    def _range(self) -> str:
        if not len(self):
            return ""
        return f", values {self.images.min():.2f} to {self.images.max():.2f}"

    def _balance(self) -> str:
        counts = torch.bincount(self.labels, minlength=len(self.class_names))
        low, high = int(counts.min()), int(counts.max())
        return f"{low} pictures" if low == high else f"{low} to {high} pictures"

    def _truth(self) -> str:
        if self.masks is None:
            return "none"
        share = f"{self.masks.float().mean():.0%} of the pixels" if len(self) else "no pixels"
        counts = Counter(len(things) for things in self.objects or ())
        things = ", ".join(f"{n} with {k} object{'s' * (k != 1)}" for k, n in sorted(counts.items()))
        return f"{share} show the labelled class" + (f"; pictures: {things}" if things else "")
