"""A map as one picture, for a reader without a kernel."""

import numpy as np
import torch
from torch.nn.functional import interpolate

from xaiwidgets.colors import as_array
from xaiwidgets.explorers.tsne_points import Subject
from xaiwidgets.views import Panel

SIDE, LARGEST, LEAST, ROOM = 420, 28, 3, 1.08  # pixels of the picture and of a point; the share of it that is free
DOT = 60  # grey of a point without a picture


def map_panel(subject: Subject, positions: object, title: str, caption: str) -> Panel:
    """The points `(N, 2)` on white paper, each as its picture; light ink on black paper becomes dark ink."""
    y = as_array(positions).astype(np.float64)
    middle, half = (y.max(0) + y.min(0)) / 2, ROOM * max((y.max(0) - y.min(0)).max() / 2, 1e-12)
    size = int(np.clip(SIDE / np.sqrt(len(y)) * 1.1, 8, LARGEST))
    places = ((y - middle) / half * [1, -1] * (SIDE - size) / 2 + SIDE / 2).round().astype(int)
    paper = np.full((SIDE, SIDE, 3), 255, np.uint8)
    for sprite, (x, down) in zip(_sprites(subject, size), places, strict=True):
        left, top = (min(max(place - size // 2, 0), SIDE - length)
                     for place, length in ((x, sprite.shape[1]), (down, sprite.shape[0])))  # fmt: skip
        part = paper[top : top + sprite.shape[0], left : left + sprite.shape[1]]
        np.copyto(part, np.minimum(part, sprite) if subject.inked else sprite)
    return Panel(paper, title, caption)


def _sprites(subject: Subject, size: int) -> np.ndarray:
    """The picture of each point, its longer side about `size` pixels."""
    if subject.data is None:
        return np.full((len(subject.inputs), LEAST, LEAST, 3), DOT, np.uint8)
    pixels = torch.from_numpy(subject.sprites).movedim(-1, 1).float()
    longest = max(pixels.shape[-2:])
    small = interpolate(pixels, [max(1, round(size * length / longest)) for length in pixels.shape[-2:]], mode="area")
    small = small.movedim(1, -1).byte().numpy()
    return 255 - small if subject.inked else small
