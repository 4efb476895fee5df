"""A coalition as overlapping lights: who takes part shines, and the colours add."""

import math

import numpy as np

SIDE = 192  # pixels
DARK, EDGE = 24, 120  # of the ground, and of the ring around every light
LIGHTS = {"red": (230, 40, 40), "green": (40, 190, 60), "blue": (50, 80, 235)}
OTHERS = ((220, 120, 30), (40, 130, 220), (170, 80, 190), (70, 170, 110))
REACH, RADIUS = 0.23, 0.27  # from the middle to the middle of a light, and its size, as shares of the side


def _middles(count: int) -> list[tuple[float, float]]:
    """Rows and columns of the middles of the lights, the first one on top."""
    angles = [2 * math.pi * player / count for player in range(count)]
    return [(SIDE * (0.5 - REACH * math.cos(angle)), SIDE * (0.5 + REACH * math.sin(angle))) for angle in angles]


def _distances(count: int) -> np.ndarray:
    """From the middle of each light to every pixel, `(count, SIDE, SIDE)`."""
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    return np.stack([np.hypot(rows - row, columns - column) for row, column in _middles(count)])


def lights(names: tuple[str, ...], members: set[int]) -> np.ndarray:
    """The picture of a coalition, `(SIDE, SIDE, 3)` uint8."""
    inside = np.clip(SIDE * RADIUS - _distances(len(names)) + 0.5, 0, 1)
    ring = np.clip(1.5 - np.abs(SIDE * RADIUS - _distances(len(names))), 0, 1).max(0)
    colors = np.array([LIGHTS.get(name, OTHERS[player]) for player, name in enumerate(names)], float)
    shining = np.array([player in members for player in range(len(names))], float)
    added = DARK + np.einsum("phw,pc,p->hwc", inside, colors, shining)
    return np.clip(np.maximum(added, EDGE * ring[..., None]), 0, 255).round().astype(np.uint8)


def light_at(count: int, row: int, column: int) -> int | None:
    """The player whose light is nearest to a pixel; None beside all of them."""
    distances = _distances(count)[:, row, column]
    nearest = int(distances.argmin())
    return nearest if distances[nearest] <= SIDE * RADIUS else None
