"""Drawings of a hot-air balloon, a boat and a car."""

import numpy as np

from .geometry import Patch, Points, box, curve, ellipse, flipped, line, polygon
from .palette import (
    CREAM,
    DARK,
    GLASS,
    LIGHT_WOOD,
    RED,
    STEEL,
    STRONG,
    WHITE,
    WOOD,
    YELLOW,
    darker,
    lighter,
    pick,
    two,
    varied,
)

SILVER = (206, 210, 216)


def balloon(rng: np.random.Generator) -> list[Patch]:
    """A striped hot-air balloon with ropes and a basket."""
    first, second = two(rng, (*STRONG, WHITE))
    first, second = varied(rng, first), varied(rng, second)
    patches = [Patch("ropes", line((side * 0.3, 0.36), (side * 0.16, 0.78), width=0.06), STEEL) for side in (-1, 1)]
    for width, colour in zip((0.78, 0.5, 0.19), (first, second, first), strict=True):
        patches.append(Patch("envelope", _gore(width), colour))
    shine = curve((-0.55, -0.4), (-0.44, -0.66), (-0.24, -0.82), (-0.36, -0.6), (-0.46, -0.38))
    patches.append(Patch("envelope", shine, lighter(first, 0.5)))
    patches.append(Patch("envelope", box(-0.28, 0.34, 0.28, 0.44, 0.04), darker(first, 0.35)))
    patches.append(Patch("basket", box(-0.2, 0.74, 0.2, 1.02, 0.05), LIGHT_WOOD))
    patches.append(Patch("basket", box(-0.24, 0.7, 0.24, 0.81, 0.04), WOOD))
    return patches


def _gore(width: float) -> Points:
    """An envelope of the given half width: round above, narrowing to the mouth."""
    right = curve((width, -0.25), (width * 0.88, 0.06), (width * 0.34, 0.4), closed=False)
    dome = ellipse(0, -0.25, width, 0.75, start=180, stop=360)
    return np.concatenate([dome, right, flipped(right)[::-1]])


def boat(rng: np.random.Generator) -> list[Patch]:
    """A sailing boat: hull, mast, two sails and a flag."""
    hull, trim = two(rng, STRONG)
    hull, pale = varied(rng, hull), lighter(hull, 0.75)
    sail = pick(rng, (WHITE, WHITE, CREAM, lighter(trim, 0.55)))
    patches = [
        Patch("mast", box(-0.07, -1.0, 0.03, 0.5), WOOD),
        Patch("flag", polygon((-0.05, -1.0), (-0.36, -0.9), (-0.05, -0.8)), trim),
        Patch("sail", _sail((0.09, -0.92), (0.84, 0.26), 0.1), sail),
        Patch("sail", _sail((-0.13, -0.72), (-0.74, 0.26), -0.08), darker(sail, 0.1)),
    ]
    if rng.random() < 0.6:
        patches.append(Patch("sail", polygon((0.09, -0.16), (0.67, -0.16), (0.77, 0.04), (0.09, 0.04)), trim))
    patches.append(Patch("hull", _hull(), hull))
    patches.append(Patch("hull", polygon((-0.99, 0.42), (0.99, 0.42), (0.92, 0.55), (-0.93, 0.55)), pale))
    for x in (-0.4, 0.0, 0.4) if rng.random() < 0.7 else ():
        patches.append(Patch("hull", ellipse(x, 0.71, 0.075), pale))
    return patches


def _sail(top: tuple[float, float], foot: tuple[float, float], bulge: float) -> Points:
    middle = ((top[0] + foot[0]) / 2 + bulge, (top[1] + foot[1]) / 2 - abs(bulge) / 2)
    return np.concatenate([curve(top, middle, foot, closed=False), polygon((top[0], foot[1]))])


def _hull() -> Points:
    bow = curve((0.99, 0.42), (0.86, 0.74), (0.6, 0.92), closed=False)
    stern = curve((-0.66, 0.92), (-0.88, 0.76), (-0.99, 0.42), closed=False)
    return np.concatenate([bow, stern])


def car(rng: np.random.Generator) -> list[Patch]:
    """A car from the side: wheels, windows, lights, and a body with or without a roof of its own colour."""
    paint = varied(rng, pick(rng, STRONG))
    roof = pick(rng, (paint, paint, lighter(paint, 0.75)))
    rear = pick(rng, (-0.86, -0.74, -0.66))
    cabin = curve((rear, 0.08), (rear + 0.2, -0.5), (-0.2, -0.58), (0.3, -0.52), (0.7, 0.08), closed=False)
    top = [(0.99, 0.34), (0.97, 0.18), (0.62, 0.02), (0.0, -0.02), (-0.6, 0.0), (-0.93, 0.06), (-0.99, 0.34)]
    patches = [
        Patch("body", cabin, roof),
        Patch("windows", polygon((rear + 0.17, 0.0), (rear + 0.29, -0.4), (-0.05, -0.43), (-0.05, 0.0)), GLASS),
        Patch("windows", polygon((0.06, 0.0), (0.06, -0.43), (0.26, -0.4), (0.53, 0.0)), GLASS),
        Patch("body", np.concatenate([curve(*top, closed=False), polygon((-0.97, 0.52), (0.97, 0.52))]), paint),
        Patch("body", box(-1.0, 0.38, 1.0, 0.52, 0.06), darker(paint, 0.35)),
        Patch("body", box(0.1, 0.1, 0.26, 0.17, 0.03), darker(paint, 0.4)),
        Patch("lights", ellipse(0.88, 0.22, 0.09, 0.09), lighter(YELLOW, 0.4)),
        Patch("lights", ellipse(-0.92, 0.2, 0.06, 0.09), lighter(RED, 0.1)),
    ]
    for x in (-0.54, 0.54):
        patches.append(Patch("wheels", ellipse(x, 0.48, 0.28), DARK))
        patches.append(Patch("wheels", ellipse(x, 0.48, 0.13), SILVER))
    return patches
