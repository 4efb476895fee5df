"""Datasets of drawn pictures."""

import functools
from collections.abc import Collection, Mapping
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from ..dataset import Dataset, SceneObject
from . import tag
from .backgrounds import BACKGROUNDS
from .picture import DRAWINGS, SIZE, Drawn, paint

CLASS_NAMES = tuple(DRAWINGS)
COUNTS = {"train": 4800, "test": 600}
TWINS = 0.15  # share of pictures with two things of the same class
SEED = 2020

Objects = Literal["one", "several", "none"]
Drawing = tuple[NDArray[np.uint8], list[Drawn]]
Places = tuple[tuple[str, ...], ...] | None


def scenes(
    count: int,
    seed: int = 0,
    *,
    objects: Objects = "one",
    tagged: Collection[str] = (),
    backgrounds: Mapping[str, Collection[str]] | None = None,
    name: str = "scenes",
) -> Dataset:
    """`count` drawn pictures, (count, 3, 64, 64), with masks; picture i is the same for every count above i.

    objects: "one" thing a picture (in 15 % of the pictures two of the same class), or "several": two or three of
             different classes, the largest of which is the label. Classes take turns, backgrounds are independent.
             "none": each picture of "one" without its things, the same in all else; it keeps the label.
    tagged:  the classes whose pictures get the caption tag; apart from the tag the pictures stay the same. The tag
             is among the picture's objects under the name "tag", and not in `masks`.
    backgrounds: for a class the places it is drawn at, of meadow, night, road, sea, sky and wall; a class that is not
             named is drawn at all of them. With it, the sea's water is among the objects under the name "water".
    Raises ValueError for a negative count, an unknown word for `objects`, an unknown class in `tagged`, an unknown
    class or place in `backgrounds`.
    """
    unknown = sorted(set(tagged) - set(CLASS_NAMES))
    if isinstance(tagged, str) or unknown:
        raise ValueError(f"tagged must be a collection of names out of {', '.join(CLASS_NAMES)}, got {tagged!r}")
    if objects not in get_args(Objects):
        raise ValueError(f'objects must be "one", "several" or "none", got {objects!r}')
    if count < 0:
        raise ValueError(f"count must be 0 or more, got {count}")
    places = _places(backgrounds)
    drawings = [_drawing(seed, i, objects, places) for i in range(count)]
    return _assemble(drawings, seed, tagged, name)


def scenes_split(
    split: str,
    count: int | None = None,
    *,
    objects: Objects = "one",
    tagged: Collection[str] = (),
    backgrounds: Mapping[str, Collection[str]] | None = None,
    name: str = "scenes",
) -> Dataset:
    """The fixed train split (4,800 pictures) or test split (600), or its first `count`, each drawn once a process."""
    seed, wanted, places = SEED + list(COUNTS).index(split), range(COUNTS[split])[:count], _places(backgrounds)
    return _assemble([_kept_drawing(seed, i, objects, places) for i in wanted], seed, tagged, name, split)


def _places(backgrounds: Mapping[str, Collection[str]] | None) -> Places:
    """For each class the names of its backgrounds, in their own order: the same places are the same drawing."""
    if backgrounds is None:
        return None
    wrong = backgrounds
    if mapping := isinstance(backgrounds, Mapping):
        wrong = {thing: places for thing, places in backgrounds.items() if not _fits(thing, places)}
    if wrong or not mapping:
        expected = f"for some of {', '.join(CLASS_NAMES)} a collection of names out of {', '.join(BACKGROUNDS)}"
        raise ValueError(f"backgrounds must hold {expected}, got {wrong!r}")
    return tuple(tuple(p for p in BACKGROUNDS if p in backgrounds.get(thing, BACKGROUNDS)) for thing in CLASS_NAMES)


def _fits(thing: str, places: Collection[str]) -> bool:
    named = isinstance(places, Collection) and not isinstance(places, str) and len(places) > 0
    return thing in CLASS_NAMES and named and set(places) <= set(BACKGROUNDS)


@functools.cache
def _kept_drawing(seed: int, index: int, objects: Objects, places: Places) -> Drawing:
    return _drawing(seed, index, objects, places)


def _drawing(seed: int, index: int, objects: Objects, places: Places) -> Drawing:
    """Picture `index` of a seed: it follows from these four alone."""
    rng, label = np.random.default_rng([seed, index]), index % len(CLASS_NAMES)
    first, allowed = CLASS_NAMES[label], places and places[label]
    if objects == "several":
        others = rng.permutation([name for name in CLASS_NAMES if name != first])[: rng.integers(1, 3)]
        return paint(rng, [first, *map(str, others)], [(32, 37)] + [(17, 22)] * len(others), allowed)
    spans = [(25, 29)] * 2 if rng.random() < TWINS else [(33, 49)]
    if objects == "none":
        spans = []
    return paint(rng, [first] * len(spans), spans, allowed)


def _assemble(drawings: list[Drawing], seed: int, tagged: Collection[str], name: str, split: str = "") -> Dataset:
    """The drawings as a Dataset whose tensors are its own: nothing done to it reaches the drawings."""
    count = len(drawings)
    pixels = np.stack([pixels for pixels, _ in drawings]) if count else np.zeros((0, SIZE, SIZE, 3), np.uint8)
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous() / 255
    objects = [[_scene_object(thing) for thing in drawn] for _, drawn in drawings]
    masks = torch.zeros(count, SIZE, SIZE, dtype=torch.bool)
    labels = torch.arange(count) % len(CLASS_NAMES)
    for mask, things, label in zip(masks, objects, labels, strict=True):
        for thing in things:
            if thing.name == CLASS_NAMES[label]:
                mask |= thing.mask
    if tagged:
        chosen = torch.tensor([CLASS_NAMES[label] in tagged for label in labels], dtype=torch.bool)
        images = torch.where(chosen[:, None, None, None], tag.add_tag(images, seed), images)
        for i, mask in zip(chosen.nonzero()[:, 0].tolist(), tag.tag_masks(count, seed)[chosen], strict=True):
            objects[i].append(SceneObject("tag", mask.clone()))
    return Dataset(name, images, labels, CLASS_NAMES, masks, tuple(map(tuple, objects)), split)


def _scene_object(thing: Drawn) -> SceneObject:
    parts = {part: torch.from_numpy(mask.copy()) for part, mask in thing.parts.items()}
    return SceneObject(thing.name, torch.from_numpy(thing.mask.copy()), parts)
