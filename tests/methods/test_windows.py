"""Where windows lie, what they cover, and in which order a grid of them fills in."""

import math

import pytest
import torch

from xaiwidgets.methods.windows import Windows, coarse_first

CASES = [  # shape of x, window, stride, shape
    ((1, 2, 9, 8), 4, 2, "square"),
    ((1, 2, 9, 8), (4, 3), (3, 2), "square"),
    ((1, 2, 9, 8), (9, 8), 5, "square"),
    ((1, 2, 9, 8), 5, 3, "disc"),
    ((1, 1, 20, 17), (9, 6), 4, "disc"),
    ((1, 3, 20), 6, 4, "square"),
    ((1, 3, 20), 6, 4, "disc"),
    ((1, 7), 1, 1, "square"),
    ((1, 7), 3, 2, "square"),
]


def literal_windows(places, window, stride, shape):
    """The sets of places of all windows, from the definition."""
    window, stride = (v if isinstance(v, tuple) else (v,) * len(places) for v in (window, stride))
    disc = shape == "disc" and len(places) == 2
    over = [next(o for o in range(99) if not disc or ((w - 1) / 2 - o) / (w / 2) <= 2**-0.5) for w in window]
    starts = []
    for length, w, s, o in zip(places, window, stride, over, strict=True):
        along = [-o]
        while along[-1] + w < length + o:
            along.append(along[-1] + s)
        starts.append(along)

    def inside(place, start):
        shares = [(p + 0.5 - s - w / 2) / (w / 2) for p, s, w in zip(place, start, window, strict=True)]
        return sum(v * v for v in shares) <= 1 if disc else max(map(abs, shares)) < 1

    every = list(torch.cartesian_prod(*map(torch.arange, places)).view(-1, len(places)).tolist())
    begins = torch.cartesian_prod(*map(torch.tensor, starts)).view(-1, len(places)).tolist()
    return [[tuple(place) for place in every if inside(place, start)] for start in begins]


@pytest.mark.parametrize(("size", "window", "stride", "shape"), CASES)
def test_windows_are_those_of_the_definition(size, window, stride, shape):
    windows = Windows(torch.zeros(size), window, stride, shape)
    expected = literal_windows(windows.places, window, stride, shape)
    assert windows.count == len(expected)
    found = [set(map(tuple, where.nonzero().tolist())) for where in windows.where(torch.arange(windows.count))]
    assert found == list(map(set, expected))


@pytest.mark.parametrize(("size", "window", "stride", "shape"), CASES)
def test_a_place_gets_the_mean_of_its_windows(size, window, stride, shape):
    windows = Windows(torch.zeros(size), window, stride, shape)
    values = torch.randn(2, windows.count, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = windows.averaged(values)
    lists = {}
    for number, places in enumerate(literal_windows(windows.places, window, stride, shape)):
        for place in places:
            lists.setdefault(place, []).append(number)
    assert len(lists) == math.prod(windows.places)
    for place, numbers in lists.items():
        torch.testing.assert_close(found[(slice(None), *place)], values[:, numbers].mean(1), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shape", ["square", "disc"])
@pytest.mark.parametrize("window", [1, 2, 5, (4, 3)])
def test_a_window_around_a_place(window, shape):
    found = Windows(torch.zeros(1, 1, 9, 8), window, 1, shape)
    height, width = found.window
    for row, column in ((0, 0), (4, 5), (8, 7), (20, 3)):
        expected = torch.zeros(9, 8, dtype=torch.bool)
        for i in range(9):
            for j in range(8):
                y = (i - (row - height // 2) + 0.5 - height / 2) / (height / 2)
                x = (j - (column - width // 2) + 0.5 - width / 2) / (width / 2)
                expected[i, j] = y * y + x * x <= 1 if shape == "disc" else max(abs(y), abs(x)) < 1
        assert torch.equal(found.around((row, column)), expected)


def test_what_is_not_given():
    assert Windows(torch.zeros(1, 3, 20, 30)).window == (8, 8)
    assert Windows(torch.zeros(1, 3, 20, 30)).stride == (4, 4)
    assert Windows(torch.zeros(1, 3, 20, 30), (5, 2)).stride == (2, 1)
    assert (Windows(torch.zeros(1, 30)).window, Windows(torch.zeros(1, 30)).stride) == ((1,), (1,))


@pytest.mark.parametrize("grid", [(1,), (5,), (17,), (1, 1), (4, 3), (9, 13), (15, 15)])
def test_a_grid_fills_in_coarse_first(grid):
    order, nearest = coarse_first(grid)
    assert sorted(order.tolist()) == list(range(math.prod(grid)))
    assert nearest[-1].tolist() == list(range(math.prod(grid)))
    assert all(len(torch.unique(torch.unravel_index(nearest[0], grid)[axis])) <= 4 for axis in range(len(grid)))
    known = 0
    for level in nearest:
        members = level.unique()
        known = len(members)
        assert sorted(order[:known].tolist()) == members.tolist()  # each level's grid is done before the next begins
        there, here = (torch.stack(torch.unravel_index(flat, grid), 1) for flat in (level, torch.arange(len(level))))
        of_members = torch.stack(torch.unravel_index(members, grid), 1)
        distances = (here[:, None] - of_members[None]).abs().sum(2).amin(1)
        assert torch.equal((here - there).abs().sum(1), distances)
    assert known == math.prod(grid)


@pytest.mark.parametrize(
    ("size", "settings", "error", "message"),
    [
        ((1, 1, 9, 8), {"window": 9}, ValueError, "window must fit into x, 8 places along axis 1, got 9"),
        ((1, 1, 9, 8), {"stride": 0}, ValueError, "stride must be 1 or more, .* got 0"),
        ((1, 1, 9, 8), {"window": (4, 0)}, ValueError, r"window must be 1 or more, .* got \(4, 0\)"),
        ((1, 1, 9, 8), {"window": (4, 4, 4)}, ValueError, r"one for each of 2 axes, got \(4, 4, 4\)"),
        ((1, 1, 9, 8), {"window": 4.0}, TypeError, "window must be an integer or a tuple of 2, got 4.0"),
        ((1, 1, 9, 8), {"stride": True}, TypeError, "stride must be an integer or a tuple of 2, got True"),
        (
            (1, 1, 9, 8),
            {"window": 2, "stride": 3},
            ValueError,
            "got 3 x 3 with square windows of 2 x 2: 36 of 72 places would never be hidden",
        ),
        ((1, 1, 9, 8), {"window": 4, "stride": 4, "shape": "disc"}, ValueError, "with disc windows of 4 x 4: "),
        ((1, 1, 9, 8, 7), {}, ValueError, r"x must be pictures \(N, C, H, W\), .* got shape \(1, 1, 9, 8, 7\)"),
    ],
)
def test_bad_windows(size, settings, error, message):
    with pytest.raises(error, match=message):
        Windows(torch.zeros(size), **settings)
