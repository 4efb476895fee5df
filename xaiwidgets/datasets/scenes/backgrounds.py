"""Six places: sky, sea, road, meadow, wall, night. Each is a fade from a top to a bottom colour, and patches on it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .geometry import Colour, Patch, Points, box, curve, ellipse, line, polygon
from .palette import darker, lighter, pick, varied


class Backdrop(NamedTuple):
    """What is behind everything, in unit coordinates: (-1, -1) is the picture's top left corner, (1, 1) the other."""

    top: Colour
    bottom: Colour
    patches: list[Patch]


WATER = "water"
WAVE = line((0, 0), (0.5, -0.05), (1, 0), (1.5, -0.05), (2, 0), width=0.035)
BLADE, LEANING = polygon((-0.02, 0), (0, -0.14), (0.02, 0)), polygon((0.5, 0), (1.5, 0), (0.5, 0))


def _area(points: Points, colour: Colour, part: str = "") -> Patch:
    return Patch(part, points, colour)


def sky(rng: np.random.Generator) -> Backdrop:
    """A bright day, or the pink of an evening."""
    top = varied(rng, pick(rng, ((132, 188, 232), (150, 206, 240), (168, 196, 236), (240, 190, 170))))
    return Backdrop(top, pick(rng, ((226, 240, 250), (250, 232, 220), (214, 236, 248))), [])


def sea(rng: np.random.Generator) -> Backdrop:
    """Water with waves under the sky."""
    water = varied(rng, pick(rng, ((104, 178, 202), (118, 190, 200), (96, 164, 204))))
    horizon = rng.uniform(-0.35, 0.25)
    patches = [_area(box(-1, horizon, 1, 1.01), water, WATER)]
    patches.append(_area(box(-1, horizon, 1, horizon + 0.05), lighter(water, 0.3), WATER))
    for _ in range(int(rng.integers(5, 9))):
        x, y, width = rng.uniform(-1, 0.8), rng.uniform(horizon + 0.15, 0.98), rng.uniform(0.1, 0.2)
        patches.append(_area(WAVE * (width, 1) + (x, y), lighter(water, 0.35), WATER))
    return sky(rng)._replace(patches=patches)


def road(rng: np.random.Generator) -> Backdrop:
    """A road with a dashed line, between green verges."""
    grass, asphalt = varied(rng, (176, 208, 140)), varied(rng, (170, 172, 178), 8)
    top = rng.uniform(0.0, 0.35)
    patches = [_area(box(-1, top - 0.22, 1, 1.01), grass), _area(box(-1, top, 1, top + 0.62), asphalt)]
    patches += [_area(box(-1, y, 1, y + 0.04), lighter(asphalt, 0.5)) for y in (top, top + 0.58)]
    for x in np.arange(-1.2 + rng.uniform(0, 0.5), 1.2, 0.5).tolist():
        patches.append(_area(box(x, top + 0.28, x + 0.26, top + 0.34), lighter(asphalt, 0.7)))
    return sky(rng)._replace(patches=patches)


def meadow(rng: np.random.Generator) -> Backdrop:
    """Two hills and tufts of grass."""
    grass, patches = varied(rng, pick(rng, ((178, 214, 128), (164, 204, 132), (200, 216, 130)))), []
    for level, colour in ((rng.uniform(-0.3, 0.0), lighter(grass, 0.3)), (rng.uniform(0.05, 0.4), grass)):
        left, right = rng.uniform(-0.15, 0.15, 2)
        patches.append(_area(_hill(level + left, level - right, level + right, level - left), colour))
    for _ in range(int(rng.integers(4, 9))):
        x, y = rng.uniform(-0.95, 0.95), rng.uniform(0.5, 0.95)
        patches += [_area(BLADE + (x, y) + lean * LEANING, darker(grass, 0.15)) for lean in (-0.05, 0.0, 0.05)]
    return sky(rng)._replace(patches=patches)


def _hill(*heights: float) -> Points:
    ridge = curve(*zip((-1.2, -0.4, 0.4, 1.2), heights, strict=True), closed=False)
    return np.concatenate([ridge, polygon((1.2, 1.1), (-1.2, 1.1))])


def wall(rng: np.random.Generator) -> Backdrop:
    """A room's wall, striped or of painted bricks, and a wooden floor."""
    paint = varied(rng, pick(rng, ((236, 222, 204), (214, 224, 226), (228, 214, 224), (222, 226, 206))))
    floor, wood = rng.uniform(0.45, 0.75), varied(rng, (206, 180, 144), 8)
    patches = _stripes(rng, darker(paint, 0.05)) if rng.random() < 0.5 else _bricks(darker(paint, 0.08))
    patches.append(_area(box(-1, floor, 1, 1.01), wood))
    patches.append(_area(box(-1, floor, 1, floor + 0.07), lighter(wood, 0.6)))
    return Backdrop(lighter(paint, 0.2), paint, patches)


def _stripes(rng: np.random.Generator, colour: Colour) -> list[Patch]:
    return [_area(box(x, -1, x + 0.1, 1), colour) for x in np.arange(-1 + rng.uniform(0, 0.25), 1, 0.25).tolist()]


def _bricks(colour: Colour) -> list[Patch]:
    rows = [_area(box(-1, 0.2 * row - 1, 1, 0.2 * row - 0.98), colour) for row in range(9)]
    places = [(0.4 * column + 0.2 * (row % 2) - 1, 0.2 * row - 1) for row in range(9) for column in range(5)]
    return rows + [_area(box(x, y, x + 0.02, y + 0.2), colour) for x, y in places]


def night(rng: np.random.Generator) -> Backdrop:
    """Stars over a dark hill."""
    top = varied(rng, pick(rng, ((22, 28, 62), (30, 26, 66), (16, 36, 66))), 8)
    patches = []
    for x, y, size in rng.random((int(rng.integers(10, 18)), 3)).tolist():
        patches.append(_area(ellipse(2 * x - 1, 1.4 * y - 1, 0.012 + 0.018 * size), (236, 232, 200)))
    level = rng.uniform(0.55, 0.8)
    patches.append(_area(_hill(level, level - 0.15, level + 0.08, level - 0.1), darker(top, 0.3)))
    return Backdrop(top, lighter(top, 0.22), patches)


BACKGROUNDS: dict[str, Callable[[np.random.Generator], Backdrop]] = {
    "meadow": meadow,
    "night": night,
    "road": road,
    "sea": sea,
    "sky": sky,
    "wall": wall,
}
