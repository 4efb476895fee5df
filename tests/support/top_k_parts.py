"""Whole numbers to sort, so that rounding plays no part, and sorting them the slow way."""

import torch
from torch import nn

COUNT, CLASSES = 23, 3


def inputs(shape, dtype=torch.float64, count=COUNT):
    return torch.randn(count, *shape, generator=torch.Generator().manual_seed(5)).to(dtype)


def labels_of(count=COUNT):
    return torch.randint(0, CLASSES, (count,), generator=torch.Generator().manual_seed(6))


class Whole(nn.Module):
    """Hands on whole numbers: rounding plays no part, and there are many ties."""

    def forward(self, x):
        return x.sum((2, 3))


WHOLE = Whole().double()


def whole_numbers(count=40):
    return torch.randint(-2, 3, (count, 5, 2, 2), generator=torch.Generator().manual_seed(1)).double()


def sorted_out(values, k, sign):
    """Indices of the k first of each column, one Python sort each: (C, k)."""
    rows = [sorted(range(len(column)), key=lambda i: (-sign * column[i], i))[:k] for column in values.T.tolist()]
    return torch.tensor(rows)


class Stopping:
    """Asks to stop after some reports."""

    def __init__(self, after):
        self.told, self.after = [], after

    def progressed(self, label, done, total):
        self.told.append((label, done, total))

    def cancelled(self):
        return len(self.told) >= self.after
