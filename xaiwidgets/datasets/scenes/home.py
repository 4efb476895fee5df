"""Drawings of a cup, a house, a snowman and an umbrella."""

import functools
import itertools

import numpy as np

from .geometry import Patch, Points, box, curve, ellipse, flipped, line, polygon
from .palette import (
    BROWN,
    CREAM,
    DARK,
    GLASS,
    NAVY,
    ORANGE,
    RED,
    STEEL,
    STRONG,
    TEAL,
    WHITE,
    WINE,
    WOOD,
    YELLOW,
    darker,
    lighter,
    pick,
    two,
    varied,
)


def cup(rng: np.random.Generator) -> list[Patch]:
    """Coffee in a cup with a band and a handle, on a saucer, steaming."""
    glaze, band = two(rng, (*STRONG, WHITE))
    glaze = varied(rng, glaze, 5)
    wall = np.concatenate([polygon((-0.72, -0.42), (0.46, -0.42)), curve((0.42, 0.3), (0.2, 0.66), closed=False)])
    wall = np.concatenate([wall, curve((-0.46, 0.66), (-0.68, 0.3), closed=False)])
    ring = [(0.36, -0.24), (0.74, -0.3), (0.94, -0.06), (0.78, 0.22), (0.32, 0.36)]
    patches = [
        Patch("saucer", ellipse(-0.13, 0.74, 0.86, 0.17), darker(glaze, 0.3)),
        Patch("saucer", ellipse(-0.13, 0.7, 0.86, 0.15), lighter(glaze, 0.25)),
        Patch("handle", line(*ring, width=0.17), darker(glaze, 0.15)),
        Patch("bowl", wall, glaze),
        Patch("bowl", polygon((-0.71, -0.12), (0.455, -0.12), (0.43, 0.14), (-0.69, 0.14)), band),
        Patch("bowl", polygon((-0.6, -0.36), (-0.46, -0.36), (-0.38, 0.52), (-0.48, 0.52)), lighter(glaze, 0.55)),
        Patch("bowl", ellipse(-0.13, -0.42, 0.59, 0.17), lighter(glaze, 0.45)),
        Patch("bowl", ellipse(-0.13, -0.4, 0.5, 0.12), (92, 54, 34)),
    ]
    return patches + _steam(rng)


def _steam(rng: np.random.Generator) -> list[Patch]:
    wisps = pick(rng, ((-0.36, 0.08), (-0.13,), (-0.36, 0.08)))
    path = line((0.0, -0.56), (0.09, -0.7), (-0.03, -0.84), (0.07, -1.0), width=0.11)
    return [Patch("steam", path + np.array((x, 0)), WHITE) for x in wisps]


def house(rng: np.random.Generator) -> list[Patch]:
    """A house with a gable roof, a door, windows and a chimney."""
    wall = varied(rng, pick(rng, (CREAM, (240, 206, 150), (226, 150, 120), (178, 206, 222), WHITE, (244, 190, 96))))
    roof, door = two(rng, (RED, BROWN, NAVY, WINE, (92, 70, 66), TEAL, (196, 84, 46)))
    roof, side = varied(rng, roof), pick(rng, (-1, 1))
    patches = [
        Patch("chimney", box(0.42, -0.92, 0.64, -0.2), darker(wall, 0.35)),
        Patch("chimney", box(0.38, -0.96, 0.68, -0.85), darker(wall, 0.55)),
        Patch("wall", box(-0.74, -0.2, 0.74, 0.94), wall),
        Patch("wall", box(-0.78, 0.84, 0.78, 0.96), darker(wall, 0.35)),
        Patch("roof", polygon((-0.98, -0.08), (-0.06, -0.94), (0.06, -0.94), (0.98, -0.08)), roof),
        Patch("roof", polygon((-0.98, -0.08), (-0.9, -0.16), (0.9, -0.16), (0.98, -0.08)), darker(roof, 0.3)),
        Patch("door", _across(box(-0.54, 0.28, -0.14, 0.9, 0.05), side), door),
        Patch("door", _across(ellipse(-0.22, 0.6, 0.045), side), YELLOW),
    ]
    panes = [
        Patch("windows", ellipse(0, -0.44, 0.15), lighter(roof, 0.8)),
        Patch("windows", ellipse(0, -0.44, 0.1), GLASS),
    ]
    panes += [Patch("windows", _across(box(0.06, 0.16, 0.56, 0.6), side), lighter(wall, 0.7))]
    for x, y in ((0.11, 0.21), (0.34, 0.21), (0.11, 0.41), (0.34, 0.41)):
        panes.append(Patch("windows", _across(box(x, y, x + 0.17, y + 0.14), side), (96, 156, 190)))
    return patches + panes


def _across(points: Points, side: int) -> Points:
    return points if side > 0 else flipped(points)


def snowman(rng: np.random.Generator) -> list[Patch]:
    """Three balls of snow with a hat, a scarf, a carrot nose and arms of twigs."""
    hat = pick(rng, (DARK, DARK, NAVY, WINE))
    scarf = pick(rng, (RED, TEAL, ORANGE, (70, 150, 60)))
    snow, shade = (248, 251, 255), (206, 222, 238)
    patches = []
    for side in (-1, 1):
        patches.append(Patch("arms", line((side * 0.34, 0.12), (side * 0.86, -0.18), width=0.075), WOOD))
        patches.append(Patch("arms", line((side * 0.68, -0.08), (side * 0.74, -0.28), width=0.065), WOOD))
    for x, y, radius in ((0, 0.54, 0.52), (0, 0.0, 0.4), (0, -0.44, 0.32)):
        patches.append(Patch("body", ellipse(x, y, radius), shade))
        patches.append(Patch("body", ellipse(x - radius * 0.1, y - radius * 0.1, radius * 0.87), snow))
    patches += [Patch("buttons", ellipse(0, y, 0.06), DARK) for y in (0.08, 0.36, 0.62)]
    patches += [Patch("face", ellipse(x, -0.5, 0.055), DARK) for x in (-0.13, 0.13)]
    patches.append(Patch("nose", polygon((-0.02, -0.46), (0.36, -0.36), (-0.02, -0.32)), ORANGE))
    patches.append(Patch("scarf", box(-0.31, -0.25, 0.31, -0.1, 0.07), scarf))
    patches.append(Patch("scarf", box(-0.28, -0.16, -0.1, 0.24, 0.03), darker(scarf, 0.15)))
    patches.append(Patch("hat", box(-0.25, -1.06, 0.25, -0.66, 0.04), hat))
    patches.append(Patch("hat", box(-0.25, -0.8, 0.25, -0.7), scarf))
    patches.append(Patch("hat", box(-0.4, -0.72, 0.4, -0.63, 0.04), hat))
    return patches


def umbrella(rng: np.random.Generator) -> list[Patch]:
    """An open umbrella of two colours with a hooked handle."""
    first, second = two(rng, (*STRONG, WHITE))
    first = varied(rng, first)
    if rng.random() < 0.35:
        second = darker(first, 0.25)
    hook = [(0.0, -0.2), (0.0, 0.4), (0.0, 0.74), (0.1, 0.93), (0.28, 0.93), (0.38, 0.78)]
    patches = [
        Patch("handle", line((0, -0.99), (0, -0.7), width=0.08), STEEL),
        Patch("handle", line(*hook, width=0.1), STEEL),
        Patch("handle", line(*hook[2:], width=0.15), WOOD),
    ]
    for left, right, colour in ((-0.98, 0.98, first), (-0.49, 0.49, second)):
        patches.append(Patch("canopy", _canopy(left, right), colour))
    patches.append(Patch("canopy", _canopy(0.0, 0.49), lighter(second, 0.25)))
    shine = curve((-0.72, -0.2), (-0.62, -0.46), (-0.46, -0.62), (-0.56, -0.44), (-0.64, -0.2))
    return [*patches, Patch("canopy", shine, lighter(first, 0.4))]


@functools.cache
def _canopy(left: float, right: float) -> Points:
    """The part of the canopy between two ribs, with a scalloped hem."""
    ribs = np.linspace(left, right, max(2, round((right - left) / 0.49) + 1))
    hem = [ellipse((a + b) / 2, 0.02, (b - a) / 2, 0.14, start=180, stop=360) for a, b in itertools.pairwise(ribs)]
    steps = np.linspace(0, np.pi / 2, 12)
    first = np.stack([left * np.cos(steps), 0.02 - 0.86 * np.sin(steps)], axis=1)
    second = np.stack([right * np.cos(steps), 0.02 - 0.86 * np.sin(steps)], axis=1)
    return np.concatenate([first, second[::-1], np.concatenate(hem)[::-1]])
