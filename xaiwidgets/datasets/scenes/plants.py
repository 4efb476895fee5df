"""Drawings of a flower, a mushroom and a tree."""

import numpy as np

from .geometry import Patch, box, curve, ellipse, flipped, line, polygon, turned
from .palette import (
    BLUE,
    CREAM,
    GREEN,
    LIME,
    ORANGE,
    PINK,
    PURPLE,
    RED,
    WHITE,
    WINE,
    WOOD,
    YELLOW,
    darker,
    lighter,
    pick,
    varied,
)

BROWNISH = (160, 96, 52)
LEAVES = (GREEN, LIME, (70, 160, 70), (30, 112, 72))


def flower(rng: np.random.Generator) -> list[Patch]:
    """Petals around a centre, a stem and two leaves."""
    petal = varied(rng, pick(rng, (PINK, RED, PURPLE, ORANGE, WHITE, YELLOW, BLUE)))
    middle = (120, 74, 40) if petal[0] > 220 and petal[2] < 130 else YELLOW
    green, count = pick(rng, LEAVES), int(rng.integers(5, 8))
    patches = [Patch("stem", line((0.0, -0.2), (0.05, 0.4), (0.0, 0.98), width=0.11), green)]
    leaf = curve((0.02, 0.82), (0.22, 0.46), (0.6, 0.4), (0.46, 0.72))
    patches.append(Patch("leaves", leaf, darker(green, 0.12)))
    patches.append(Patch("leaves", flipped(leaf) + np.array((0.02, -0.08)), lighter(green, 0.1)))
    for k in range(count):
        angle = 360 * k / count
        blade = turned(ellipse(0, -0.72, 0.25 if count < 7 else 0.21, 0.3), angle, 0, -0.36)
        patches.append(Patch("petals", blade, petal if k % 2 else darker(petal, 0.1)))
    patches.append(Patch("centre", ellipse(0, -0.36, 0.25), darker(middle, 0.2)))
    patches.append(Patch("centre", ellipse(-0.02, -0.38, 0.2), middle))
    return patches


def mushroom(rng: np.random.Generator) -> list[Patch]:
    """A spotted cap on a pale stem."""
    cap = varied(rng, pick(rng, (RED, RED, (190, 60, 40), BROWNISH, ORANGE, WINE)))
    stem = varied(rng, CREAM, 6)
    foot = curve((-0.24, -0.05), (-0.3, 0.5), (-0.38, 0.86), (0, 0.97), (0.38, 0.86), (0.3, 0.5), (0.24, -0.05))
    dome = np.concatenate([ellipse(0, 0.06, 0.96, 0.96, start=180, stop=360), ellipse(0, 0.06, 0.96, 0.18, stop=180)])
    patches = [
        Patch("stem", foot, stem),
        Patch("stem", curve((0.06, 0.2), (0.24, 0.2), (0.3, 0.5), (0.38, 0.86), (0.1, 0.95)), darker(stem, 0.12)),
        Patch("stem", ellipse(0, 0.17, 0.4, 0.16), darker(stem, 0.25)),
        Patch("cap", dome, cap),
        Patch(
            "cap",
            np.concatenate([ellipse(0, 0.06, 0.96, 0.18, stop=180), ellipse(0, 0.06, 0.96, 0.06, start=180, stop=360)]),
            darker(cap, 0.3),
        ),
    ]
    for x, y, radius in (
        (-0.46, -0.28, 0.17),
        (0.02, -0.6, 0.19),
        (0.5, -0.3, 0.18),
        (0.04, -0.16, 0.13),
        (-0.72, 0.0, 0.1),
    ):
        patches.append(Patch("spots", ellipse(x, y, radius, radius * 0.9), (252, 248, 240)))
    return patches


def tree(rng: np.random.Generator) -> list[Patch]:
    """A round leafy tree, with or without apples, or a fir."""
    trunk = varied(rng, WOOD, 8)
    return pick(rng, (_fir, _leafy, _leafy))(rng, trunk)


def _leafy(rng: np.random.Generator, trunk: tuple[int, int, int]) -> list[Patch]:
    green = varied(rng, pick(rng, (*LEAVES, (226, 140, 40))))
    blobs = [(-0.42, -0.2, 0.4), (0.42, -0.2, 0.4), (0, -0.56, 0.44), (0, -0.1, 0.42)]
    patches = [
        Patch("trunk", polygon((-0.13, 0.0), (0.13, 0.0), (0.2, 0.98), (-0.2, 0.98)), trunk),
        Patch("trunk", polygon((0.0, 0.3), (0.13, 0.0), (0.2, 0.98), (0.06, 0.98)), darker(trunk, 0.25)),
    ]
    patches += [Patch("crown", ellipse(x, y + 0.06, radius), darker(green, 0.22)) for x, y, radius in blobs]
    patches += [Patch("crown", ellipse(x - 0.04, y, radius * 0.9), green) for x, y, radius in blobs]
    patches += [
        Patch("crown", ellipse(x - 0.1, y - 0.1, radius * 0.4), lighter(green, 0.18)) for x, y, radius in blobs[:3]
    ]
    if rng.random() < 0.5:
        apples = ((-0.5, -0.08), (-0.14, -0.42), (0.3, -0.5), (0.5, -0.04), (0.06, -0.02))
        patches += [Patch("fruit", ellipse(x, y, 0.085), RED) for x, y in apples]
    return patches


def _fir(rng: np.random.Generator, trunk: tuple[int, int, int]) -> list[Patch]:
    green = varied(rng, pick(rng, ((30, 112, 72), (36, 128, 66), (44, 120, 96))))
    patches = [Patch("trunk", box(-0.12, 0.6, 0.12, 0.99), trunk)]
    for top, foot, half in ((-0.1, 0.74, 0.76), (-0.56, 0.3, 0.6), (-1.0, -0.16, 0.44)):
        rim = ellipse(0, foot - 0.05, half, 0.09, stop=180)
        patches.append(Patch("crown", np.concatenate([polygon((0, top)), rim]), green))
        patches.append(
            Patch("crown", polygon((0, top), (half, foot - 0.05), (half * 0.35, foot + 0.02)), darker(green, 0.18))
        )
    return patches
