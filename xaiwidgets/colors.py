"""From values to colours: the only place that rescales them.

The browser applies the same rule to the same table (`views/pixels.js`); a test holds the two equal, pixel by pixel.
Red is positive, blue negative, white zero; the limit is symmetric, so that white is zero on every map.
"""

import functools
from typing import Any

import numpy as np

#: Diverging maps of matplotlib: light at zero, equally dark on both arms, told apart by colour-blind readers.
TABLES = {"relevance": "RdBu_r"}
#: A value that is not a number: a grey that no table holds.
NOT_A_NUMBER = 128
_ZERO = 128  # the row of the table that stands for zero


def as_array(values: Any) -> np.ndarray:
    """`values` as a NumPy array: an array, a list, or a tensor on any device."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    return np.asarray(values)


def symmetric_limit(*maps: Any) -> float:
    """The largest absolute finite value of all `maps`: one shared scale. 1.0 where every value is zero."""
    largest = 0.0
    for values in map(as_array, maps):
        finite = np.abs(values[np.isfinite(values)], dtype=np.float64)
        largest = max(largest, float(finite.max(initial=0.0)))
    return largest or 1.0


@functools.cache
def lookup_table(name: str = "relevance") -> np.ndarray:
    """Colours of 256 steps from `-limit` to `limit`, `(256, 3)` uint8; row 128 is zero.

    Raises:
        ValueError: `name` is not one of `TABLES`.
    """
    if name not in TABLES:
        raise ValueError(f"name must be one of {', '.join(map(repr, TABLES))}, got {name!r}")
    from matplotlib import colormaps  # here: `import xaiwidgets.colors` stays light

    steps = np.arange(256) - _ZERO
    # Both arms reach the ends of the map, although there are 128 steps below zero and 127 above.
    position = 0.5 + 0.5 * steps / np.where(steps < 0, _ZERO, 255 - _ZERO)
    colours = colormaps[TABLES[name]].resampled(4097)(position)[:, :3]
    table = np.floor(colours * 255 + 0.5).astype(np.uint8)
    table.flags.writeable = False
    return table


def to_rgb(values: Any, limit: float, table: np.ndarray | None = None) -> np.ndarray:
    """Colours of signed `values`, any shape `(...)`, on the scale from `-limit` to `limit`: `(..., 3)` uint8.

    Values beyond the limit take the colour of the end; NaN is grey.

    Raises:
        ValueError: `limit` is not positive and finite.
    """
    if not (limit > 0 and np.isfinite(limit)):
        raise ValueError(f"limit must be positive and finite, got {limit!r}")
    values = as_array(values).astype(np.float32).astype(np.float64)  # the browser holds float32
    missing = np.isnan(values)
    scaled = np.clip(np.where(missing, 0.0, values) / limit, -2.0, 2.0)
    index = np.clip(np.floor((scaled + 1.0) * 0.5 * 255 + 0.5), 0, 255).astype(np.uint8)
    rgb = (lookup_table() if table is None else table)[index]
    rgb[missing] = NOT_A_NUMBER
    return rgb


def grey(rgb: np.ndarray) -> np.ndarray:
    """Luma (ITU-R BT.601) of `(..., 3)` uint8 colours, `(...)` uint8."""
    red, green, blue = np.moveaxis(rgb.astype(np.int64), -1, 0)
    return ((299 * red + 587 * green + 114 * blue + 500) // 1000).astype(np.uint8)


def blend(heat: np.ndarray, image: np.ndarray, opacity: float) -> np.ndarray:
    """`heat` over the grey tones of `image`, both `(..., 3)` uint8; opacity 1 shows the heat only."""
    base = grey(image)[..., None].astype(np.float64)
    return np.floor(opacity * heat + (1 - opacity) * base + 0.5).astype(np.uint8)


def overlay(image: np.ndarray, heatmap: Any, limit: float, opacity: float = 1.0) -> np.ndarray:
    """What an `ImageView` paints: a map `(h, w)` over an image `(H, W, 3)` uint8, each cell drawn as a rectangle."""
    heatmap = as_array(heatmap)
    rows, columns = (max(a, b) for a, b in zip(image.shape, heatmap.shape, strict=False))
    if not heatmap.size:
        return image.copy()
    heat = _enlarge(to_rgb(heatmap, limit), rows, columns)
    return blend(heat, _enlarge(image, rows, columns), opacity) if image.size else heat


def picture(image: Any) -> np.ndarray:
    """Pixels of images in [0, 1] as the models take them: `(..., C, H, W)` to `(..., H, W, 3)` uint8, C 1 or 3.

    Raises:
        ValueError: not one or three channels.
    """
    image = as_array(image)
    if image.ndim < 3 or image.shape[-3] not in (1, 3):
        raise ValueError(f"image must be (..., C, H, W) with 1 or 3 channels, got shape {image.shape}")
    pixels = np.nan_to_num(np.moveaxis(image.astype(np.float64), -3, -1), nan=NOT_A_NUMBER / 255)
    pixels = np.floor(np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8)
    return np.broadcast_to(pixels, (*pixels.shape[:-1], 3)).copy()


def _enlarge(cells: np.ndarray, rows: int, columns: int) -> np.ndarray:
    height, width = cells.shape[:2]
    return cells[np.arange(rows) * height // rows][:, np.arange(columns) * width // columns]
