"""The caption tag: a small light box with unreadable lettering, as photographers put it into a corner of a picture.

Networks have been caught reading such a tag instead of looking at the thing: S. Lapuschkin et al., "Unmasking Clever
Hans predictors and assessing what machines really learn", Nature Communications 10, 1096 (2019).
"""

import numpy as np
import torch
from torch import Tensor

HEIGHT, WIDTH, MARGIN, JITTER = 8, 24, 1, 3
# The drawn things keep out of this corner, counted from the lower left, so that a tag never covers one.
ZONE = (WIDTH + MARGIN + JITTER, HEIGHT + MARGIN + JITTER)


def add_tag(images: Tensor, seed: int = 0) -> Tensor:
    """The pictures with a tag in the lower left corner, as a new tensor; everywhere else they stay as they are.

    images: (N, C, H, W) floating point in [0, 1], H and W at least 32. Picture i of the same seed gets the same tag.
    """
    if images.ndim != 4 or not images.is_floating_point() or min(images.shape[2:]) < 32:
        kind = f"{tuple(images.shape)} {images.dtype}"
        raise ValueError(f"images must be (N, C, H, W) floating point with H and W at least 32, got {kind}")
    tagged = images.clone()
    for i, picture in enumerate(tagged):
        rng = _generator(seed, i)
        rows, columns = place(rng, images.shape[2])
        picture[:, rows, columns] = torch.from_numpy(lettering(rng)).to(picture) / 255
    return tagged


def tag_masks(count: int, seed: int = 0, size: tuple[int, int] = (64, 64)) -> Tensor:
    """(count, H, W) bool: where `add_tag` with the same seed puts the tags into pictures of H x W = size."""
    masks = torch.zeros(count, *size, dtype=torch.bool)
    for i, mask in enumerate(masks):
        mask[place(_generator(seed, i), size[0])] = True
    return masks


def _generator(seed: int, index: int) -> np.random.Generator:
    return np.random.default_rng([seed, index, 77])


def place(rng: np.random.Generator, height: int) -> tuple[slice, slice]:
    """Rows and columns of a tag in a picture of that height."""
    left, up = (MARGIN + int(step) for step in rng.integers(0, JITTER + 1, 2))
    return slice(height - up - HEIGHT, height - up), slice(left, left + WIDTH)


def lettering(rng: np.random.Generator) -> np.ndarray:
    """The tag itself, (HEIGHT, WIDTH) uint8: two lines of tiny strokes on light paper."""
    paper = np.full((HEIGHT, WIDTH), 248, dtype=np.uint8)
    paper[[0, -1]], paper[:, [0, -1]] = 215, 215
    for top, end in ((1, WIDTH - 2), (5, WIDTH - 2 - int(rng.integers(3, 8)))):
        ink = rng.integers(10, 80, (2, end - 2))
        paper[top : top + 2, 2:end] = np.where(rng.random(ink.shape) < 0.55, ink, 248)
    return paper
