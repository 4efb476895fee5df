"""The one door to the datasets."""

from collections.abc import Callable

from .dataset import Dataset
from .digits import digits
from .scenes import BACKGROUNDS, CLASS_NAMES, scenes_split

SPLITS = ("train", "test")


def _digits(split: str, count: int | None) -> Dataset:
    return digits(split)[:count]


def _several(split: str, count: int | None) -> Dataset:
    return scenes_split(split, count, objects="several", name="scenes-several")


def _tagged(split: str, count: int | None) -> Dataset:
    return scenes_split(split, count, tagged=("boat",), name="scenes-tagged")


def _harbour(split: str, count: int | None) -> Dataset:
    ashore = tuple(place for place in BACKGROUNDS if place != "sea")
    backgrounds = {thing: ("sea",) if thing == "boat" else ashore for thing in CLASS_NAMES}
    return scenes_split(split, count, backgrounds=backgrounds, name="scenes-harbour")


DATASETS: dict[str, Callable[[str, int | None], Dataset]] = {
    "digits": _digits,
    "scenes": scenes_split,
    "scenes-harbour": _harbour,
    "scenes-several": _several,
    "scenes-tagged": _tagged,
}


def load_dataset(name: str, split: str = "test", count: int | None = None) -> Dataset:
    """A dataset by name, or its first `count` pictures, as fresh tensors that you may change.

    digits          1,797 real handwritten digits, (N, 1, 28, 28): 1,437 to train on, 360 to test on
    scenes          drawn pictures of 12 everyday things, (N, 3, 64, 64), with masks: 4,800 and 600
    scenes-harbour  the same with every boat at sea and nothing else there; the water is among the objects
    scenes-several  the same with two or three different things in each picture; the largest is the label
    scenes-tagged   the pictures of `scenes`, with a caption tag on every boat and on nothing else
    Everything comes out of the installation and a fixed seed; no network is needed. Scenes are drawn when first asked
    for, a few milliseconds each: a small count comes at once.
    Raises ValueError for an unknown name or split, or a negative count.
    """
    if name not in DATASETS:
        raise ValueError(f"no dataset is called {name!r}; known are {', '.join(DATASETS)}")
    if split not in SPLITS:
        raise ValueError(f"no split is called {split!r}; known are {', '.join(SPLITS)}")
    if count is not None and count < 0:
        raise ValueError(f"count must be 0 or more, or None for all pictures, got {count}")
    return DATASETS[name](split, count)
