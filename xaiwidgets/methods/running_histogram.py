"""Histograms of values of which neither range nor number is known before they have all been seen."""

import torch
from torch import Tensor

BINS = 64
FINEST = 40  # bits: no bin is narrower than this part of the largest value
_FIRST, _LAST = -1000, 1000
_POWERS = torch.tensor([2.0**exponent for exponent in range(_FIRST, _LAST + 1)], dtype=torch.float64)  # exact


class RunningHistogram:
    """One histogram a row, in constant memory, exact, and the same however the values are cut into batches.

    The bins of row `c` are `w` wide, a power of two, and begin at whole multiples of `w`. Where a value does not fit
    any more, `w` doubles and neighbours are merged: each count stays what counting all values anew would give.
    """

    def __init__(self, rows: int) -> None:
        self.low = torch.full((rows,), torch.inf, dtype=torch.float64)
        self.high = -self.low
        self.exponent = torch.full((rows,), _FIRST, dtype=torch.int64)  # w = 2^exponent; nothing is narrower yet
        self.start = torch.zeros(rows, dtype=torch.int64)  # the first bin begins at start w
        self.counts = torch.zeros(rows, BINS, dtype=torch.int64)

    def add(self, values: Tensor) -> None:
        """Count values `(n, rows)`."""
        values = values.double()
        self.low = torch.minimum(self.low, values.amin(0))
        self.high = torch.maximum(self.high, values.amax(0))
        self._widen()
        bins = (_multiple(values, self.exponent) - self.start).T
        self.counts.scatter_add_(1, bins, torch.ones_like(bins))

    def edges(self) -> Tensor:
        """Where bins begin and the last one ends, `(rows, BINS + 1)`."""
        steps = self.start[:, None] + torch.arange(BINS + 1)
        return steps * _POWERS[self.exponent - _FIRST, None]

    def _widen(self) -> None:
        """Make the bins so wide that all that was seen has a place."""
        exponent = torch.maximum(self.exponent, _narrowest(self.low, self.high))
        start = _multiple(self.low, exponent)
        # Rows seen for the first time have no counts to move.
        shift = (exponent - self.exponent).clamp(max=62)[:, None]
        moved = ((self.start[:, None] + torch.arange(BINS)) >> shift) - start[:, None]
        counts = torch.zeros_like(self.counts)
        inside = (moved >= 0) & (moved < BINS)  # outside: empty bins only
        counts.scatter_add_(1, moved.clamp(0, BINS - 1), self.counts * inside)
        self.exponent, self.start, self.counts = exponent, start, counts


def _narrowest(low: Tensor, high: Tensor) -> Tensor:
    """The smallest exponent with which BINS bins hold everything from `low` to `high`."""
    largest = torch.frexp(torch.maximum(low.abs(), high.abs()).clamp(min=torch.finfo(torch.float32).tiny)).exponent
    span = torch.frexp(((high - low) / BINS).clamp(min=1e-300)).exponent.long() - 1  # 2^span <= (high - low) / BINS
    exponent = torch.maximum(span, largest.long() - FINEST)
    while (crowded := _multiple(high, exponent) - _multiple(low, exponent) >= BINS).any():
        exponent = exponent + crowded
    return exponent


def _multiple(values: Tensor, exponent: Tensor) -> Tensor:
    """`floor(value / 2^exponent)`."""
    return (values * _POWERS[-exponent - _FIRST]).floor().long()
