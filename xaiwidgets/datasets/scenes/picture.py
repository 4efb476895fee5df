"""One picture: a background, clutter, the things, light and noise, with a mask for each thing and each of its parts."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from .animals import butterfly, fish
from .backgrounds import BACKGROUNDS, WATER, Backdrop
from .clutter import CLUTTER
from .geometry import Patch, extent, moved, rotation
from .home import cup, house, snowman, umbrella
from .palette import pick
from .plants import flower, mushroom, tree
from .tag import ZONE
from .travel import balloon, boat, car

SIZE = 64
FINE = 4  # drawn at FINE x the size, then averaged: smooth edges
BORDER = 1.5
DRAWINGS = {
    "balloon": balloon, "boat": boat, "butterfly": butterfly, "car": car, "cup": cup, "fish": fish, "flower": flower,
    "house": house, "mushroom": mushroom, "snowman": snowman, "tree": tree, "umbrella": umbrella,
}  # fmt: skip
TILT = {"balloon": 14, "boat": 12, "butterfly": 40, "car": 10, "fish": 25, "flower": 14, "umbrella": 28}

RAMP = np.linspace(0, 1, SIZE)[:, None]
Mask = NDArray[np.bool_]
Box = tuple[float, float, float, float]


class Drawn(NamedTuple):
    """A thing in a picture: its class, where it is, and where its parts are (bool, (SIZE, SIZE))."""

    name: str
    mask: Mask
    parts: dict[str, Mask]


def paint(
    rng: np.random.Generator,
    names: Sequence[str],
    spans: Sequence[tuple[float, float]],
    places: Sequence[str] | None = None,
) -> tuple[NDArray[np.uint8], list[Drawn]]:
    """The picture of the named things, each of a size within its span (pixels): (SIZE, SIZE, 3) uint8, and the things.

    Place, clutter, light and noise take their random numbers before the things do: other things leave them the same.
    places: the backgrounds to choose from, None for all of them; where they are given, water comes last of the things.
    """
    place = pick(rng, places or tuple(BACKGROUNDS))
    backdrop = BACKGROUNDS[place](rng)
    patches = _placed(backdrop.patches, SIZE / 2, (SIZE / 2, SIZE / 2)) + _litter(rng, place)
    light, noise = _light(rng)
    free, drawn, taken = np.ones((SIZE, SIZE), dtype=bool), [], [(0.0, SIZE - ZONE[1], float(ZONE[0]), float(SIZE))]
    for name, span in zip(names, spans, strict=True):
        thing, bounds = _settle(rng, name, span, taken)
        taken.append(bounds)
        patches += thing
        drawn.append(_trace(name, thing, bounds, free))
        free &= ~drawn[-1].mask
    if places and any(patch.part == WATER for patch in patches):
        drawn.append(Drawn(WATER, free & _water(patches), {}))
    canvas = _fade(backdrop)
    _draw(canvas, patches)
    pixels = np.asarray(canvas.reduce(FINE)) * light + noise
    return np.clip(pixels, 0, 255, out=pixels).astype(np.uint8), drawn


def _fade(backdrop: Backdrop) -> Image.Image:
    fade = np.asarray(backdrop.top) * (1 - RAMP) + np.asarray(backdrop.bottom) * RAMP
    return Image.fromarray(fade.astype(np.uint8)[:, None]).resize((SIZE * FINE, SIZE * FINE), Image.Resampling.NEAREST)


def _light(rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A tint to multiply the colours with, and noise to add; a little different in each picture."""
    tint = rng.uniform(0.85, 1.08) * rng.uniform(0.97, 1.03, 3)
    noise = rng.standard_normal((SIZE, SIZE, 3), dtype=np.float32)
    noise *= np.float32(rng.uniform(1.0, 4.0))
    return tint.astype(np.float32), noise


def _litter(rng: np.random.Generator, place: str) -> list[Patch]:
    found = []
    for _ in range(int(rng.integers(1, 5))):
        thing, heights = pick(rng, CLUTTER[place])
        x, y = rng.uniform(3, SIZE - 3), (rng.uniform(*heights) + 1) * SIZE / 2
        found += _placed(thing(rng), rng.uniform(3.0, 6.0), (x, y))
    return found


def _settle(
    rng: np.random.Generator, name: str, span: tuple[float, float], taken: list[Box]
) -> tuple[list[Patch], Box]:
    """The drawing of the thing, turned, mirrored, sized and put where nothing else is."""
    patches = DRAWINGS[name](rng)
    angle = rng.uniform(-1, 1) * TILT.get(name, 6)
    mirror = -1 if rng.random() < 0.5 else 1
    patches = moved(patches, rotation(angle) * ((mirror,), (1,)))
    low, high = extent(patches)
    size = rng.uniform(*span)
    for attempt in range(1000):
        scale = size * 0.99 ** (attempt // 4) / (high - low).max()
        room = SIZE - 2 * BORDER - scale * (high - low)
        x, y = BORDER - scale * low + rng.random(2) * room
        bounds = (x + scale * low[0], y + scale * low[1], x + scale * high[0], y + scale * high[1])
        if not any(_overlap(bounds, other) for other in taken):
            return _placed(patches, scale, (x, y)), bounds
    raise RuntimeError(f"no room for a {name} of {size:.0f} pixels")


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _placed(patches: list[Patch], scale: float, place: tuple[float, float]) -> list[Patch]:
    """The patches in canvas coordinates, `scale` pixels a unit, around a place given in pixels."""
    return moved(patches, scale * FINE, (place[0] * FINE, place[1] * FINE))


def _draw(canvas: Image.Image, patches: list[Patch]) -> None:
    pen = ImageDraw.Draw(canvas)
    for patch in patches:
        pen.polygon(patch.points.ravel().tolist(), fill=patch.colour)


def _water(patches: list[Patch]) -> Mask:
    """The pixels of which more than half show water."""
    flags = Image.new("L", (SIZE * FINE, SIZE * FINE))
    _draw(flags, [patch._replace(colour=int(patch.part == WATER)) for patch in patches])
    counts = np.asarray(flags).reshape(SIZE, FINE, SIZE, FINE).sum(axis=(1, 3))
    return 2 * counts > FINE * FINE


def _trace(name: str, patches: list[Patch], bounds: Box, free: Mask) -> Drawn:
    """The masks: a free pixel shows the thing that covers a quarter of it, and the part that covers most of it."""
    left, top, right, bottom = int(bounds[0]), int(bounds[1]), int(bounds[2]) + 1, int(bounds[3]) + 1
    parts = list(dict.fromkeys(patch.part for patch in patches))
    numbers = Image.new("L", ((right - left) * FINE, (bottom - top) * FINE))
    numbered = [Patch("", patch.points, parts.index(patch.part) + 1) for patch in patches]
    _draw(numbers, moved(numbered, 1, (-left * FINE, -top * FINE)))
    fine = np.asarray(numbers).reshape(bottom - top, FINE, right - left, FINE)
    shown = (fine == np.arange(len(parts) + 1)[:, None, None, None, None]).view(np.uint8)
    rows = sum(shown[:, :, row] for row in range(FINE))
    counts = sum(rows[..., column] for column in range(FINE))
    masks = np.zeros((len(parts) + 1, SIZE, SIZE), dtype=bool)
    window = masks[:, top:bottom, left:right]
    window[0] = (counts[0] * 4 <= FINE * FINE * 3) & free[top:bottom, left:right]
    window[1:] = window[0] & (counts[1:].argmax(axis=0) == np.arange(len(parts))[:, None, None])
    return Drawn(name, masks[0], dict(zip(parts, masks[1:], strict=True)))
