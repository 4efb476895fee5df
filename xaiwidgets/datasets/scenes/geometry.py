"""Flat shapes as polygons in unit coordinates: x to the right, y down, an object fills about [-1, 1] x [-1, 1]."""

import functools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Colour = tuple[int, int, int]


class Patch(NamedTuple):
    """A filled polygon: the part of the object it belongs to ("" for none), its corners (n, 2), its colour."""

    part: str
    points: Points
    colour: Colour


def polygon(*corners: tuple[float, float]) -> Points:
    """Straight lines from corner to corner."""
    return np.array(corners, dtype=np.float64)


@functools.lru_cache(maxsize=1024)
def ellipse(x: float, y: float, rx: float, ry: float | None = None, start: float = 0, stop: float = 360) -> Points:
    """An ellipse around (x, y), or the part of it between two angles in degrees (0 is right, 90 is down)."""
    return _arc(start, stop) * (rx, rx if ry is None else ry) + (x, y)


@functools.lru_cache(maxsize=1024)
def _arc(start: float, stop: float) -> Points:
    angles = np.radians(np.linspace(start, stop, 33))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def box(left: float, top: float, right: float, bottom: float, radius: float = 0.0) -> Points:
    """A rectangle, with round corners where `radius` > 0."""
    if not radius:
        return polygon((left, top), (right, top), (right, bottom), (left, bottom))
    corners = [(right - radius, top + radius, -90), (right - radius, bottom - radius, 0)]
    corners += [(left + radius, bottom - radius, 90), (left + radius, top + radius, 180)]
    return np.concatenate([ellipse(x, y, radius, start=a, stop=a + 90)[::4] for x, y, a in corners])


@functools.lru_cache(maxsize=1024)
def curve(*corners: tuple[float, float], closed: bool = True) -> Points:
    """A smooth curve through the corners (Catmull-Rom spline, 8 points a piece)."""
    points = np.array(corners)
    if not closed:
        points = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    count = len(points)
    neighbours = points[(np.arange(count)[:, None] + (-1, 0, 1, 2)) % count]
    pieces = SPLINE @ neighbours
    if closed:
        return pieces.reshape(-1, 2)
    return np.concatenate([pieces[1:-2].reshape(-1, 2), points[-2:-1]])


def _spline() -> Points:
    """(8, 4): weights of the four neighbouring corners at eight places between the middle two."""
    t = np.arange(8) / 8
    powers = np.stack([np.ones(8), t, t**2, t**3], axis=1)
    return powers @ np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]]) / 2


SPLINE = _spline()


@functools.lru_cache(maxsize=1024)
def line(*corners: tuple[float, float], width: float) -> Points:
    """The outline of a smooth line of the given width through the corners, with round ends."""
    path = curve(*corners, closed=False) if len(corners) > 2 else np.array(corners)
    along = np.concatenate([path[1:2] - path[:1], path[2:] - path[:-2], path[-1:] - path[-2:-1]])
    side = along[:, ::-1] * (-1, 1) * (width / 2 / np.sqrt((along**2).sum(axis=1, keepdims=True)))
    ahead = np.stack([-side[:, 1], side[:, 0]], axis=1)  # from side, a quarter turn backwards along the path
    half = _arc(0, 180)[::4]
    first = path[0] + half[:, :1] * side[0] + half[:, 1:] * ahead[0]
    last = path[-1] + half[:, :1] * side[-1] - half[:, 1:] * ahead[-1]
    return np.concatenate([path + side, last, (path - side)[::-1], first[::-1]])


def turned(points: Points, degrees: float, x: float = 0.0, y: float = 0.0) -> Points:
    """The points turned clockwise (as seen) around (x, y)."""
    return (points - (x, y)) @ rotation(degrees) + (x, y)


def flipped(points: Points) -> Points:
    """The mirror image, left to right."""
    return points * (-1, 1)


def moved(patches: list[Patch], matrix: Points | float, offset: tuple[float, float] = (0.0, 0.0)) -> list[Patch]:
    """The patches with every point p at p @ matrix + offset; a number for the matrix is a change of size."""
    if not patches:
        return []
    points = np.concatenate([patch.points for patch in patches])
    points = (points @ matrix if isinstance(matrix, np.ndarray) else points * matrix) + offset
    ends = np.cumsum([len(patch.points) for patch in patches]).tolist()
    pieces = (points[start:stop] for start, stop in zip([0, *ends], ends, strict=False))
    return [Patch(patch.part, piece, patch.colour) for patch, piece in zip(patches, pieces, strict=True)]


def rotation(degrees: float) -> Points:
    """The matrix of `p @ matrix`, a turn clockwise as seen."""
    angle = np.radians(degrees)
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def extent(patches: list[Patch]) -> tuple[Points, Points]:
    """The top left and the bottom right corner of the box around the patches."""
    points = np.concatenate([patch.points for patch in patches])
    return points.min(axis=0), points.max(axis=0)
