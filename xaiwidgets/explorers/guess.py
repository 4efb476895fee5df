"""How well a painted guess fits a map, in numbers and words, and the picture that stands for a map not yet shown."""

import numpy as np
import torch
from torch import Tensor

from xaiwidgets.explorers.maps import share_inside

MARK = ("01110", "10001", "00001", "00110", "00100", "00000", "00100")  # a question mark, a digit a pixel
GREY, PAPER = 225, 165
PAINT, STRENGTH = (255, 176, 0), 160 / 255  # as an `ImageView` paints


def most_relevant(values: Tensor, count: int) -> Tensor:
    """The `count` largest values of a map `(H, W)`, as a mask; never one that is zero or negative."""
    mask = torch.zeros(values.numel(), dtype=torch.bool)
    mask[values.flatten().topk(count).indices] = True
    return mask.view(values.shape) & (values > 0)


def overlap(a: Tensor, b: Tensor) -> float:
    """Intersection over union of two masks; 0 where both are empty."""
    either = int((a | b).sum())
    return int((a & b).sum()) / either if either else 0.0


def shares(values: Tensor, regions: dict[str, Tensor], guess: Tensor | None) -> str:
    """Where the positive values of a map `(H, W)` lie: in each region, and under the guess, a line each.

    The overlap (IoU) is that of the guess with as many of the largest values as the guess has pixels.
    """
    named = {f"on the {name}": mask for name, mask in regions.items()}
    if guess is not None:
        named["under your paint"] = guess
    inside = {where: share_inside(values, mask) for where, mask in named.items()}
    lines = [f"{share:.0%} {where}" for where, share in inside.items() if share is not None]
    if guess is not None:
        lines.append(f"IoU of your paint {overlap(guess, most_relevant(values, int(guess.sum()))):.2f}")
    return "\n".join(lines)


def areas(regions: dict[str, Tensor]) -> str:
    """How much of the picture each region covers: what a map without any aim would score."""
    return "\n".join(f"{name}: {float(mask.float().mean()):.0%} of the area" for name, mask in regions.items())


def tinted(pixels: np.ndarray, mask: Tensor | None) -> np.ndarray:
    """Pixels `(H, W, 3)` uint8 with paint on them where `mask` is true."""
    if mask is None:
        return pixels
    mixed = np.round((1 - STRENGTH) * pixels + STRENGTH * np.array(PAINT)).astype(np.uint8)
    return np.where(mask.numpy()[..., None], mixed, pixels)


def placeholder(height: int, width: int) -> np.ndarray:
    """A grey picture `(H, W, 3)` uint8 with a question mark, where there is room for one."""
    rows, columns = len(MARK), len(MARK[0])
    pixel = min(height // (2 * rows), width // (2 * columns))
    mark = np.kron([[int(digit) for digit in line] for line in MARK], np.ones((pixel, pixel), int))
    square = np.zeros((height, width), int)
    top, left = (height - pixel * rows) // 2, (width - pixel * columns) // 2
    square[top : top + pixel * rows, left : left + pixel * columns] = mark
    return np.repeat(np.where(square, GREY, PAPER).astype(np.uint8)[..., None], 3, axis=2)
