"""The best and worst pictures of a channel: cropped to what it saw, or whole with a frame around that."""

import numpy as np
from torch import Tensor

from xaiwidgets.colors import picture
from xaiwidgets.methods.receptive_field import Field, crops

SMALLEST = 8  # pixels of a side of a crop that is sent
LIGHT, DARK = (255, 255, 255), (0, 0, 0)


def cropped(images: Tensor, fields: list[Field]) -> np.ndarray:
    """What a unit saw of each of `images` `(N, C, H, W)`: `(N, s, s, 3)` uint8, one pixel of the largest for one."""
    longest = max((part.stop - part.start for field in fields for part in field), default=SMALLEST)
    return picture(crops(images, fields, max(SMALLEST, longest)))


def framed(images: Tensor, fields: list[Field] | None) -> np.ndarray:
    """Each picture whole, `(N, H, W, 3)` uint8, with a white frame in a black one around what the unit saw."""
    pixels = picture(images).copy()
    for shown, field in zip(pixels, fields or [], strict=False):
        rows, columns = ((part.start, part.stop) for part in field)
        if rows[0] < rows[1] and (rows, columns) != ((0, shown.shape[0]), (0, shown.shape[1])):
            _frame(shown, rows, columns, 1, DARK)
            _frame(shown, rows, columns, 0, LIGHT)
    return pixels


def field_mask(field: Field | None, size: tuple[int, int]) -> np.ndarray:
    """`(H, W)` uint8, 1 inside the field; empty where there is none."""
    if field is None:
        return np.zeros((0, 0), np.uint8)
    mask = np.zeros(size, np.uint8)
    mask[field] = 1
    return mask


def _frame(shown: np.ndarray, rows: tuple[int, int], columns: tuple[int, int], out: int, color: tuple) -> None:
    """Lines on the border of a box that is `out` pixels larger, where they lie in the picture."""
    top, bottom = rows[0] - out, rows[1] - 1 + out
    left, right = columns[0] - out, columns[1] - 1 + out
    for line in (top, bottom):
        if 0 <= line < shown.shape[0]:
            shown[line, max(left, 0) : right + 1] = color
    for line in (left, right):
        if 0 <= line < shown.shape[1]:
            shown[max(top, 0) : bottom + 1, line] = color
