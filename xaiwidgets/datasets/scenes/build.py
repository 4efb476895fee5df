"""Datasets of drawn pictures."""

import functools
from collections.abc import Collection
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from ..dataset import Dataset, SceneObject
from . import tag
from .picture import DRAWINGS, SIZE, Drawn, paint

CLASS_NAMES = tuple(DRAWINGS)
COUNTS = {"train": 4800, "test": 600}
TWINS = 0.15  # share of pictures with two things of the same class
SEED = 2020

Objects = Literal["one", "several"]
Drawing = tuple[NDArray[np.uint8], list[Drawn]]


def scenes(
    count: int, seed: int = 0, *, objects: Objects = "one", tagged: Collection[str] = (), name: str = "scenes"
) -> Dataset:
    """`count` drawn pictures, (count, 3, 64, 64), with masks; picture i is the same for every count above i.

    objects: "one" thing a picture (in 15 % of the pictures two of the same class), or "several": two or three of
             different classes, the largest of which is the label. Classes take turns, backgrounds are independent.
    tagged:  the classes whose pictures get the caption tag; apart from the tag the pictures stay the same. The tag
             is among the picture's objects under the name "tag", and not in `masks`.
    Raises ValueError for a negative count, an unknown word for `objects`, an unknown class in `tagged`.
    """
    unknown = sorted(set(tagged) - set(CLASS_NAMES))
    if isinstance(tagged, str) or unknown:
        raise ValueError(f"tagged must be a collection of names out of {', '.join(CLASS_NAMES)}, got {tagged!r}")
    if objects not in ("one", "several"):
        raise ValueError(f'objects must be "one" or "several", got {objects!r}')
    if count < 0:
        raise ValueError(f"count must be 0 or more, got {count}")
    drawings = [_drawing(seed, i, objects) for i in range(count)]
    return _assemble(drawings, seed, tagged, name)


def scenes_split(
    split: str,
    count: int | None = None,
    *,
    objects: Objects = "one",
    tagged: Collection[str] = (),
    name: str = "scenes",
) -> Dataset:
    """The fixed train split (4,800 pictures) or test split (600), or its first `count`, each drawn once a process."""
    seed, wanted = SEED + list(COUNTS).index(split), range(COUNTS[split])[:count]
    return _assemble([_kept_drawing(seed, i, objects) for i in wanted], seed, tagged, name, split)


@functools.cache
def _kept_drawing(seed: int, index: int, objects: Objects) -> Drawing:
    return _drawing(seed, index, objects)


def _drawing(seed: int, index: int, objects: Objects) -> Drawing:
    """Picture `index` of a seed: it follows from these three alone."""
    rng, first = np.random.default_rng([seed, index]), CLASS_NAMES[index % len(CLASS_NAMES)]
    if objects == "several":
        others = rng.permutation([name for name in CLASS_NAMES if name != first])[: rng.integers(1, 3)]
        return paint(rng, [first, *map(str, others)], [(32, 37)] + [(17, 22)] * len(others))
    if rng.random() < TWINS:
        return paint(rng, [first, first], [(25, 29)] * 2)
    return paint(rng, [first], [(33, 49)])


def _assemble(drawings: list[Drawing], seed: int, tagged: Collection[str], name: str, split: str = "") -> Dataset:
    """The drawings as a Dataset whose tensors are its own: nothing done to it reaches the drawings."""
    count = len(drawings)
    pixels = np.stack([pixels for pixels, _ in drawings]) if count else np.zeros((0, SIZE, SIZE, 3), np.uint8)
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous() / 255
    objects = [[_scene_object(thing) for thing in drawn] for _, drawn in drawings]
    masks = torch.zeros(count, SIZE, SIZE, dtype=torch.bool)
    for mask, things in zip(masks, objects, strict=True):
        for thing in things:
            if thing.name == things[0].name:
                mask |= thing.mask
    if tagged:
        chosen = torch.tensor([things[0].name in tagged for things in objects], dtype=torch.bool)
        images = torch.where(chosen[:, None, None, None], tag.add_tag(images, seed), images)
        for i, mask in zip(chosen.nonzero()[:, 0].tolist(), tag.tag_masks(count, seed)[chosen], strict=True):
            objects[i].append(SceneObject("tag", mask.clone()))
    labels = torch.arange(count) % len(CLASS_NAMES)
    return Dataset(name, images, labels, CLASS_NAMES, masks, tuple(map(tuple, objects)), split)


def _scene_object(thing: Drawn) -> SceneObject:
    parts = {part: torch.from_numpy(mask.copy()) for part, mask in thing.parts.items()}
    return SceneObject(thing.name, torch.from_numpy(thing.mask.copy()), parts)
