"""The colours of the drawings: things are strong, backgrounds are pale or very dark, so that things stand out."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from .geometry import Colour

T = TypeVar("T")

RED, ORANGE, YELLOW, LIME = (214, 56, 52), (238, 126, 40), (246, 196, 48), (122, 178, 52)
GREEN, TEAL, BLUE, NAVY = (46, 140, 72), (22, 150, 148), (44, 110, 206), (36, 62, 132)
PURPLE, PINK, BROWN, WINE = (128, 70, 170), (232, 96, 150), (128, 82, 50), (150, 34, 66)
WHITE, CREAM, GREY, DARK = (250, 250, 248), (246, 234, 210), (136, 142, 150), (44, 46, 54)
GLASS, WOOD, LIGHT_WOOD, STEEL = (190, 226, 240), (116, 74, 44), (180, 128, 78), (104, 110, 120)

STRONG = (RED, ORANGE, YELLOW, GREEN, TEAL, BLUE, NAVY, PURPLE, PINK, WINE)


def pick(rng: np.random.Generator, options: Sequence[T]) -> T:
    """One of the options, all equally likely."""
    return options[int(rng.integers(len(options)))]


def two(rng: np.random.Generator, options: Sequence[T]) -> tuple[T, T]:
    """Two different options."""
    first, second = rng.choice(len(options), 2, replace=False)
    return options[int(first)], options[int(second)]


def lighter(colour: Colour, amount: float = 0.3) -> Colour:
    """The colour mixed with white; a negative amount mixes it with black."""
    toward = 255 if amount > 0 else 0
    return tuple(round(value + (toward - value) * abs(amount)) for value in colour)


def darker(colour: Colour, amount: float = 0.2) -> Colour:
    """The colour mixed with black."""
    return lighter(colour, -amount)


def varied(rng: np.random.Generator, colour: Colour, spread: int = 14) -> Colour:
    """The colour moved a little in each channel."""
    steps = rng.integers(-spread, spread + 1, 3).tolist()
    return tuple(min(255, max(0, value + step)) for value, step in zip(colour, steps, strict=True))
