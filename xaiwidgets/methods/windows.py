"""Windows that slide over an input: where each lies, and the mean of what was found in them at each place."""

import math
from numbers import Integral

import torch
from torch import Tensor

Size = int | tuple[int, ...]
SHAPES = ("square", "disc")


class Windows:
    """A regular grid of windows over the places of `x`: `(H, W)` of pictures, `(L,)` of signals, `(D,)` of tables.

    Squares begin at the first place; the last may reach over the border. Discs reach over every border, as far as it
    takes to cover the corners.

    Args:
        x: pictures `(N, C, H, W)`, signals `(N, C, L)` or tables `(N, D)`.
        window: its size in places, one number or one an axis. If not given, 8, or 1 for a table.
        stride: from one window to the next. If not given, half the window, at least 1.
        shape: "square" (a box) or "disc" (an ellipse).

    Attributes:
        places: the sizes of the axes.
        grid: how many windows along each axis.
        count: how many in all.

    Raises:
        TypeError, ValueError: naming the argument, what came and what was expected.
    """

    def __init__(self, x: Tensor, window: Size | None = None, stride: Size | None = None, shape: str = "square"):
        self.places = places_of(x)
        default = 1 if x.ndim == 2 else 8
        self.window = _sizes("window", default if window is None else window, self.places)
        halves = tuple(max(1, size // 2) for size in self.window)
        self.stride = _sizes("stride", halves if stride is None else stride, self.places)
        for axis, (size, length) in enumerate(zip(self.window, self.places, strict=True)):
            if size > length:
                raise ValueError(f"window must fit into x, {length} places along axis {axis}, got {size}")
        self.overhang = tuple(_overhang(size, shape, len(self.places)) for size in self.window)
        self.grid = tuple(
            math.ceil(max(0, length - size + 2 * over) / step) + 1
            for length, size, over, step in zip(self.places, self.window, self.overhang, self.stride, strict=True)
        )
        self.count, self.shape = math.prod(self.grid), shape
        starts = [torch.arange(n) * s - o for n, s, o in zip(self.grid, self.stride, self.overhang, strict=True)]
        self._starts = starts[0].to(x.device)
        self._reaches = [reach.to(x.device) for reach in self._reached([start[:, None] for start in starts])]
        self._covered = self._added(torch.ones(1, self.count, dtype=torch.float64, device=x.device))
        if missed := int((self._covered == 0).sum()):
            raise ValueError(
                f"stride must be small enough that each place lies in a window, got {_told(self.stride)} with {shape} "
                f"windows of {_told(self.window)}: {missed} of {math.prod(self.places)} places would never be hidden"
            )

    def where(self, which: Tensor) -> Tensor:
        """The places `(B, H, W)`, bool, of the windows with these numbers `(B,)`."""
        at = torch.unravel_index(which, self.grid)
        return _box([reach[along] for reach, along in zip(self._reaches, at, strict=True)])

    def around(self, middle: tuple[int, ...]) -> Tensor:
        """The places `(H, W)`, bool, of a window with this middle; it may reach over the border."""
        starts = [place - size // 2 for place, size in zip(middle, self.window, strict=True)]
        return _box(self._reached(starts))

    def averaged(self, values: Tensor) -> Tensor:
        """Of one value for each window, `(N, count)`: the mean over the windows that cover a place, `(N, H, W)`."""
        return self._added(values) / self._covered.to(values)

    def _reached(self, starts: list) -> list[Tensor]:
        """For each axis, how far its places lie from the middle of windows that begin at `starts`."""
        axes = zip(starts, self.places, self.window, strict=True)
        return [_reach(torch.arange(length) - start, size, self.shape) for start, length, size in axes]

    def _added(self, values: Tensor) -> Tensor:
        """The sum over the windows that cover a place."""
        values = values.view(-1, *self.grid)
        if len(self.grid) == 1:
            return values @ (self._reaches[0] <= 1).to(values)
        total = values.new_zeros(len(values), *self.places)
        # The first rows of all windows, then their second rows, …: this needs no more memory than the maps.
        for row, reach in enumerate(_reach(torch.arange(self.window[0]), self.window[0], self.shape).tolist()):
            rows = self._starts + row
            within = (rows >= 0) & (rows < self.places[0])
            total[:, rows[within]] += values[:, within] @ (self._reaches[1] + reach <= 1).to(values)
        return total


def places_of(x: Tensor) -> tuple[int, ...]:
    """The sizes of the axes along which something can be hidden: `(H, W)`, `(L,)` or `(D,)`."""
    if x.ndim not in (2, 3, 4):
        raise ValueError(
            f"x must be pictures (N, C, H, W), signals (N, C, L) or a table (N, D), got shape {tuple(x.shape)}"
        )
    return tuple(x.shape[2:] or x.shape[1:])


def coarse_first(grid: tuple[int, ...], most: int = 4) -> tuple[Tensor, Tensor]:
    """An order in which a grid fills in, and who stands in for whom meanwhile.

    Args:
        grid: how many windows along each axis.
        most: windows along an axis of the coarsest grid.

    Returns:
        order: the numbers of all windows, those of the coarsest grid first, then those of the next finer.
        nearest: `(levels, count)`, coarsest first: for each window, the nearest one of that level's grid.
    """
    steps = [2**level for level in range(max(0, math.ceil(math.log2(max(grid) / most))), -1, -1)]
    nearest = torch.stack([_nearest(grid, step) for step in steps])
    new, order = torch.ones(math.prod(grid), dtype=torch.bool), []
    for level in nearest:
        candidates = level.unique()
        order.append(candidates[new[candidates]])
        new[candidates] = False
    return torch.cat(order), nearest


def _nearest(grid: tuple[int, ...], step: int) -> Tensor:
    flat = torch.zeros((), dtype=torch.int64)
    for length in grid:
        along = torch.arange(length)
        kept = ((along + step // 2) // step * step).clamp(max=(length - 1) // step * step)
        flat = flat[..., None] * length + kept
    return flat.flatten()


def _reach(offset: Tensor, size: int, shape: str) -> Tensor:
    """How far a place, `offset` from a window's first, lies from its middle: inside if the axes' sum is at most 1."""
    share = (2 * offset + 1 - size) / size
    return share.square() if shape == "disc" else 2.0 * (share.abs() >= 1)


def _box(reaches: list[Tensor]) -> Tensor:
    if len(reaches) == 1:
        return reaches[0] <= 1
    return reaches[0][..., :, None] + reaches[1][..., None, :] <= 1


def _overhang(size: int, shape: str, axes: int) -> int:
    """By how many places the first window begins before the first place, so that it covers the corner."""
    return math.ceil((size * (1 - axes**-0.5) - 1) / 2) if shape == "disc" and axes > 1 else 0


def _sizes(name: str, given: Size, places: tuple[int, ...]) -> tuple[int, ...]:
    sizes = given if isinstance(given, tuple | list) else (given,) * len(places)
    if any(isinstance(size, bool) or not isinstance(size, Integral) for size in sizes):
        raise TypeError(f"{name} must be an integer or a tuple of {len(places)}, got {given!r}")
    if len(sizes) != len(places) or min(sizes) < 1:
        raise ValueError(f"{name} must be 1 or more, one number or one for each of {len(places)} axes, got {given!r}")
    return tuple(map(int, sizes))


def _told(sizes: tuple[int, ...]) -> str:
    return " x ".join(map(str, sizes))
