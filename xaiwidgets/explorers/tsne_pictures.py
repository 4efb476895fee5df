"""A map as one picture, for a reader without a kernel."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from xaiwidgets.colors import as_array
from xaiwidgets.explorers.curve_panels import COLOURS
from xaiwidgets.explorers.tsne_points import Subject
from xaiwidgets.views import Panel

SIDE, LARGEST, LEAST, ROOM = 198, 20, 9, 1.08  # pixels of the picture and of a point; the share of it that is free
DOT = 3  # pixels of a point without a picture
LEVELS = 4  # of ink: few make a small file, and only then is the picture stored as sharp as it is
INKS = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in COLOURS])


def map_panel(subject: Subject, positions: object, title: str, caption: str) -> Panel:
    """The points `(N, 2)` on white paper, each as its picture; grey ones become ink in the colour of their class."""
    y = as_array(positions).astype(np.float64)
    middle, half = (y.max(0) + y.min(0)) / 2, ROOM * max((y.max(0) - y.min(0)).max() / 2, 1e-12)
    size = int(np.clip(1.1 * SIDE / np.sqrt(len(y)), LEAST, LARGEST))
    places = ((y - middle) / half * [1, -1] * (SIDE - size) / 2 + SIDE / 2).round().astype(int)
    paper = np.full((SIDE, SIDE, 3), 255, np.uint8)
    for sprite, (x, down) in zip(_sprites(subject, size), places, strict=True):
        left, top = (min(max(place - size // 2, 0), SIDE - length)
                     for place, length in ((x, sprite.shape[1]), (down, sprite.shape[0])))  # fmt: skip
        part = paper[top : top + sprite.shape[0], left : left + sprite.shape[1]]
        np.copyto(part, sprite if subject.data is not None and not subject.inked else np.minimum(part, sprite))
    return Panel(paper, title, caption)


def _sprites(subject: Subject, size: int) -> np.ndarray:
    """The picture of each point, its longer side about `size` pixels, `(N, h, w, 3)` uint8."""
    if subject.data is None:
        return _inked(torch.ones(len(subject.inputs), DOT, DOT), subject.labels)
    pixels = torch.from_numpy(subject.sprites).movedim(-1, 1).float()
    longest = max(pixels.shape[-2:])
    small = interpolate(pixels, [max(1, round(size * length / longest)) for length in pixels.shape[-2:]], mode="area")
    return _inked(small[:, 0] / 255, subject.labels) if subject.inked else small.movedim(1, -1).byte().numpy()


def _inked(ink: Tensor, labels: Tensor) -> np.ndarray:
    """Ink `(N, h, w)` from 0 to 1 on white paper, in the colour of each point's class; dark where nobody told."""
    colours = np.where(labels[:, None] < 0, INKS[5], INKS[labels.numpy() % len(INKS)])[:, None, None]
    share = (ink.numpy() * (LEVELS - 1)).round()[..., None] / (LEVELS - 1)
    return (255 - share * (255 - colours)).astype(np.uint8)
