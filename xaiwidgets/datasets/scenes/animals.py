"""Drawings of a butterfly and a fish."""

import numpy as np

from .geometry import Patch, Points, curve, ellipse, flipped, line
from .palette import (
    BLUE,
    CREAM,
    DARK,
    ORANGE,
    PINK,
    PURPLE,
    RED,
    TEAL,
    WHITE,
    YELLOW,
    darker,
    lighter,
    pick,
    two,
    varied,
)


def butterfly(rng: np.random.Generator) -> list[Patch]:
    """Two pairs of spotted wings, a body and feelers."""
    upper, lower = two(rng, (ORANGE, YELLOW, BLUE, PURPLE, PINK, TEAL, RED))
    upper, rim = varied(rng, upper), darker(upper, 0.6)
    dot = pick(rng, (WHITE, lighter(upper, 0.6), CREAM))
    top = curve((0.03, -0.05), (0.24, -0.62), (0.66, -0.86), (0.96, -0.66), (0.86, -0.2), (0.44, 0.05))
    foot = curve((0.03, 0.0), (0.5, 0.06), (0.74, 0.3), (0.66, 0.68), (0.4, 0.8), (0.16, 0.5))
    wings = [
        Patch("wings", foot, rim),
        Patch("wings", _inset(foot, 0.8), lower),
        Patch("wings", top, rim),
        Patch("wings", _inset(top, 0.82), upper),
        Patch("wings", ellipse(0.66, -0.5, 0.14), dot),
        Patch("wings", ellipse(0.47, 0.42, 0.11), dot),
    ]
    patches = [Patch(part, shape(points), colour) for part, points, colour in wings for shape in (np.array, flipped)]
    feeler = line((0.02, -0.42), (0.12, -0.7), (0.3, -0.86), width=0.06)
    patches += [Patch("feelers", points, DARK) for points in (feeler, flipped(feeler))]
    patches.append(Patch("body", ellipse(0, 0.1, 0.09, 0.52), DARK))
    patches.append(Patch("body", ellipse(0, -0.42, 0.11), DARK))
    return patches


def _inset(points: Points, share: float) -> Points:
    middle = points.mean(axis=0)
    return middle + (points - middle) * share


def fish(rng: np.random.Generator) -> list[Patch]:
    """A fish with fins, a tail, an eye, often striped."""
    skin, stripe = two(rng, (ORANGE, YELLOW, RED, BLUE, PURPLE, TEAL, PINK))
    skin, fin = varied(rng, skin), darker(stripe, 0.1)
    body = curve(
        (0.98, 0.04),
        (0.76, -0.3),
        (0.3, -0.52),
        (-0.24, -0.42),
        (-0.62, -0.06),
        (-0.62, 0.08),
        (-0.24, 0.44),
        (0.3, 0.54),
        (0.76, 0.36),
    )
    tail = curve(
        (-0.5, 0.0),
        (-0.78, -0.28),
        (-1.0, -0.52),
        (-0.92, -0.2),
        (-0.84, 0.02),
        (-0.92, 0.24),
        (-1.0, 0.54),
        (-0.78, 0.3),
    )
    patches = [
        Patch("tail", tail, fin),
        Patch("fins", curve((0.42, -0.42), (0.2, -0.76), (-0.22, -0.74), (-0.2, -0.36), closed=False), fin),
        Patch("fins", curve((0.22, 0.44), (0.06, 0.76), (-0.2, 0.72), (-0.12, 0.36), closed=False), fin),
        Patch("body", body, skin),
        Patch(
            "body",
            curve((0.9, 0.14), (0.6, 0.3), (0.1, 0.34), (-0.5, 0.08), (-0.24, 0.44), (0.3, 0.54), (0.76, 0.36)),
            lighter(skin, 0.4),
        ),
    ]
    if rng.random() < 0.7:
        for x, half in ((0.2, 0.42), (-0.2, 0.34)):
            band = curve(
                (x, -half), (x + 0.1, 0), (x, half), (x - 0.15, half - 0.05), (x - 0.05, 0), (x - 0.15, -half + 0.05)
            )
            patches.append(Patch("body", band, lighter(stripe, 0.1)))
    patches.append(Patch("fins", curve((0.22, 0.06), (-0.02, 0.0), (-0.14, 0.14), (-0.04, 0.28), (0.16, 0.2)), fin))
    patches.append(Patch("eye", ellipse(0.6, -0.1, 0.16), WHITE))
    patches.append(Patch("eye", ellipse(0.64, -0.1, 0.085), DARK))
    return patches
