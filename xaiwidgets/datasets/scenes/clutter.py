"""Small neutral things that lie about in a picture and are never one of the classes."""

from collections.abc import Callable

import numpy as np

from .geometry import Patch, box, curve, ellipse, flipped, line, polygon, turned
from .palette import WHITE, darker, lighter, pick, varied


def cloud(rng: np.random.Generator) -> list[Patch]:
    """A small white cloud."""
    tone = varied(rng, (244, 247, 250), 6)
    puffs = ((-0.55, 0.1, 0.36), (0.0, -0.12, 0.48), (0.55, 0.12, 0.34))
    return [Patch("", ellipse(x, y, r), tone) for x, y, r in puffs] + [
        Patch("", box(-0.85, 0.1, 0.85, 0.46, 0.17), tone)
    ]


def dark_cloud(rng: np.random.Generator) -> list[Patch]:
    """The same at night."""
    return [Patch("", patch.points, varied(rng, (62, 70, 108), 2)) for patch in cloud(rng)]


def bird(rng: np.random.Generator) -> list[Patch]:
    """A far bird, two strokes."""
    wing = line((0.0, 0.2), (0.35, -0.28), (0.95, -0.1), width=0.24)
    tone = varied(rng, (92, 98, 110), 10)
    return [Patch("", points, tone) for points in (wing, flipped(wing))]


def stone(rng: np.random.Generator) -> list[Patch]:
    """A grey stone."""
    tone = varied(rng, pick(rng, ((150, 150, 152), (168, 158, 146))))
    outline = curve((-0.8, 0.4), (-0.6, -0.2), (0.0, -0.45), (0.6, -0.15), (0.85, 0.4), (0, 0.5))
    return [Patch("", outline, tone), Patch("", ellipse(-0.15, -0.14, 0.3, 0.14), lighter(tone, 0.35))]


def leaf(rng: np.random.Generator) -> list[Patch]:
    """A fallen leaf."""
    tone, angle = varied(rng, pick(rng, ((196, 130, 60), (150, 170, 84), (186, 96, 66)))), rng.uniform(0, 360)
    blade = turned(curve((-0.7, 0.0), (-0.1, -0.34), (0.7, 0.0), (-0.1, 0.34)), angle)
    return [Patch("", blade, tone), Patch("", turned(line((-0.95, 0.0), (0.4, 0.0), width=0.14), angle), darker(tone))]


def post(rng: np.random.Generator) -> list[Patch]:
    """A short post."""
    tone = varied(rng, pick(rng, ((176, 150, 122), (206, 206, 204))))
    return [
        Patch("", box(-0.17, -0.9, 0.17, 1.0), tone),
        Patch("", box(0.04, -0.9, 0.17, 1.0), darker(tone, 0.15)),
        Patch("", box(-0.24, -1.0, 0.24, -0.78, 0.05), darker(tone, 0.25)),
    ]


def star(rng: np.random.Generator) -> list[Patch]:
    """A five-pointed star."""
    angles = np.radians(np.arange(10) * 36 - 90)
    reach = np.where(np.arange(10) % 2, 0.32, 0.75)[:, None]
    return [Patch("", reach * np.stack([np.cos(angles), np.sin(angles)], axis=1), varied(rng, (240, 226, 150), 10))]


def frame(rng: np.random.Generator) -> list[Patch]:
    """A small framed picture."""
    tone = varied(rng, pick(rng, ((170, 140, 110), (120, 120, 126))))
    hill = polygon((-0.6, 0.6), (-0.2, 0.0), (0.1, 0.3), (0.3, 0.1), (0.6, 0.6))
    inside = Patch("", box(-0.64, -0.64, 0.64, 0.64), WHITE)
    return [Patch("", box(-0.85, -0.85, 0.85, 0.85), tone), inside, Patch("", hill, lighter(tone, 0.45))]


Thing = Callable[[np.random.Generator], list[Patch]]
ABOVE, BELOW = (-0.9, -0.2), (0.3, 0.9)
# For each background what may lie about, and between which heights (unit coordinates, y down).
CLUTTER: dict[str, tuple[tuple[Thing, tuple[float, float]], ...]] = {
    "meadow": ((cloud, ABOVE), (bird, ABOVE), (stone, BELOW), (leaf, BELOW), (post, BELOW)),
    "night": ((dark_cloud, ABOVE), (star, ABOVE), (star, ABOVE), (stone, BELOW), (leaf, BELOW)),
    "road": ((cloud, ABOVE), (bird, ABOVE), (stone, BELOW), (leaf, BELOW), (post, BELOW)),
    "sea": ((cloud, ABOVE), (bird, ABOVE), (bird, ABOVE), (stone, BELOW), (post, BELOW)),
    "sky": ((cloud, ABOVE), (cloud, BELOW), (bird, ABOVE), (bird, BELOW), (leaf, BELOW)),
    "wall": ((frame, ABOVE), (frame, ABOVE), (leaf, BELOW), (stone, BELOW), (stone, BELOW)),
}
