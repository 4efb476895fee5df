"""What stands where something is hidden: against its definition, value by value."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from xaiwidgets.methods.fills import CONSTANTS, FILLS, blurred, fill_picture, hidden, hiding

SHAPES = {"picture": (3, 2, 9, 7), "signal": (3, 2, 20)}
TYPES = [torch.float32, torch.float64]


def inputs(kind, dtype=torch.float64):
    return torch.randn(SHAPES[kind], generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(dtype)


def some_places(x, share=0.4):
    return torch.rand(len(x), *x.shape[2:], generator=torch.Generator().manual_seed(2)) < share


def literal_blur(line, sigma):
    """One line of numbers, mirrored at its ends without repeating them."""
    radius = min(max(1, int(3 * sigma)), len(line) - 1)
    weights = [math.exp(-0.5 * (k / sigma) ** 2) for k in range(-radius, radius + 1)]
    mirrored = [*line[radius:0:-1], *line, *line[-2 : -radius - 2 : -1]]
    return [
        sum(w * mirrored[i + k] for k, w in enumerate(weights)) / sum(weights)
        for i in range(len(mirrored) - 2 * radius)
    ]


@pytest.mark.parametrize("sigma", [0.3, 0.5, 1.3, 8.0])
def test_blur_is_a_mirrored_gaussian_along_each_axis(sigma):
    x = inputs("picture")
    for image, found in zip(x.flatten(0, 1), blurred(x, sigma).flatten(0, 1), strict=True):
        rows = torch.tensor([literal_blur(row, sigma) for row in image.tolist()], dtype=x.dtype)
        both = torch.tensor([literal_blur(column, sigma) for column in rows.T.tolist()], dtype=x.dtype).T
        torch.testing.assert_close(found, both, rtol=1e-10, atol=1e-12)
    signal = inputs("signal")
    expected = torch.tensor([[literal_blur(line, sigma) for line in each] for each in signal.tolist()], dtype=x.dtype)
    torch.testing.assert_close(blurred(signal, sigma), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("dtype", TYPES)
def test_the_pictures_are_those_of_the_definition(kind, dtype):
    x = inputs(kind, dtype)
    places = tuple(range(2, x.ndim))
    for name, value in CONSTANTS.items():
        assert torch.equal(fill_picture(name, x), torch.full_like(x, value))
    torch.testing.assert_close(fill_picture("mean", x), x.mean(places, keepdim=True).expand_as(x))
    torch.testing.assert_close(fill_picture("blur", x), blurred(x, max(x.shape[2:]) / 10))
    assert torch.equal(fill_picture(0.3, x), torch.full_like(x, 0.3))
    assert torch.equal(fill_picture(x[:1] + 1, x), (x[:1] + 1).expand_as(x))


@pytest.mark.parametrize("shape", [(1, 1, 30, 3), (1, 1, 3, 30), (1, 1, 30, 2), (1, 1, 3)])
def test_a_narrow_picture_is_blurred_too(shape):
    x = inputs("signal").flatten()[: math.prod(shape)].view(shape)
    blur = fill_picture("blur", x)
    assert float((blur - x).abs().amin()) > 1e-6
    if x.ndim == 4:  # the longest axis counts, whichever it is
        torch.testing.assert_close(blur.mT, fill_picture("blur", x.mT))


@pytest.mark.parametrize("number", [np.float32(0.25), np.float64(0.25), np.int64(3), Fraction(1, 4)])
def test_numbers_and_arrays_of_numpy_are_fills(number):
    x = torch.randn(2, 3)
    assert torch.equal(fill_picture(number, x), torch.full_like(x, float(number)))
    means = np.arange(3.0)[::-1]
    means.flags.writeable = False
    assert torch.equal(fill_picture(means, x), torch.tensor([2.0, 1, 0]).expand(2, 3))
    where = torch.tensor([True, False, True])
    assert torch.equal(hidden(x, where, means), hidden(x, where, torch.tensor([2.0, 1, 0])))
    assert torch.equal(hidden(x, where, number), hidden(x, where, float(number)))
    pictures = torch.randn(2, 1, 4, 5)
    noise = fill_picture("noise", pictures, seed=np.int64(4))
    assert torch.equal(noise, fill_picture("noise", pictures, seed=4))


def test_noise_has_the_mean_and_deviation_of_each_channel():
    x = torch.tensor([[2.0], [-3.0]]).view(1, 2, 1, 1) + torch.tensor([1.0, -1.0]).repeat(1, 2, 200, 100)
    noise = fill_picture("noise", x, seed=4)
    torch.testing.assert_close(noise.mean((2, 3)), torch.tensor([[2.0, -3.0]]), atol=0.03, rtol=0)
    torch.testing.assert_close(noise.std((2, 3)), torch.ones(1, 2), atol=0.03, rtol=0)
    drawn = torch.randn(1, 2, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    found = fill_picture("noise", torch.tensor([[[4.0, 6.0]]], dtype=torch.float64), seed=7)
    torch.testing.assert_close(found[0], 5 + drawn)  # of the channel's own values, the deviation is 1


def test_noise_depends_on_its_seed_and_on_nothing_else():
    x, state = inputs("picture"), torch.random.get_rng_state()
    assert torch.equal(fill_picture("noise", x, seed=1), fill_picture("noise", x, seed=1))
    assert not torch.equal(fill_picture("noise", x, seed=1), fill_picture("noise", x, seed=2))
    torch.testing.assert_close(fill_picture("noise", x)[1:2], fill_picture("noise", x[1:2]))
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("fill", FILLS)
def test_only_what_is_hidden_changes(fill, kind, dtype):
    x = inputs(kind, dtype)
    given, where = x.clone(), some_places(x)
    found = hidden(x, where, fill)
    assert found.dtype == dtype
    assert torch.equal(x, given)
    over = where[:, None].expand_as(x)
    assert torch.equal(found[~over], x[~over])
    if fill != "inpaint":
        assert torch.equal(found[over], fill_picture(fill, x)[over])
    assert torch.equal(hiding(x, fill)(torch.tensor([2, 0]), where[[2, 0]]), found[[2, 0]])
    assert torch.equal(hidden(x, where[0], fill)[0], found[0])


def literal_pyramid(known):
    """`{(row, column): value}` of what is known in a picture of H x W -> all of it, by halves."""

    def completed(known, height, width):
        if height == width == 1 or len(known) == height * width:
            return known
        down, across = min(2, height), min(2, width)
        cells = {}
        for (i, j), value in known.items():
            cells.setdefault((i // down, j // across), []).append(value)
        rows, columns = -(-height // down), -(-width // across)
        half = completed({place: sum(values) / len(values) for place, values in cells.items()}, rows, columns)
        every = ((i, j) for i in range(height) for j in range(width))
        return {place: known.get(place, bilinear(half, *place, down, across, rows, columns)) for place in every}

    def bilinear(half, i, j, down, across, rows, columns):
        y, x = max((i + 0.5) / down - 0.5, 0), max((j + 0.5) / across - 0.5, 0)
        top, left = int(y), int(x)
        bottom, right = min(top + 1, rows - 1), min(left + 1, columns - 1)
        dy, dx = y - top, x - left
        above = (1 - dx) * half[top, left] + dx * half[top, right]
        return (1 - dy) * above + dy * ((1 - dx) * half[bottom, left] + dx * half[bottom, right])

    return completed


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_inpainting_equals_a_literal_push_pull_pyramid(share):
    x = inputs("picture")[:2, :1]
    where = some_places(x, share)
    for image, gone, found in zip(x[:, 0], where, hidden(x, where, "inpaint")[:, 0], strict=True):
        known = {tuple(place): float(image[tuple(place)]) for place in (~gone).nonzero().tolist()}
        expected = literal_pyramid(known)(known, *image.shape)
        for place, value in expected.items():
            assert float(found[place]) == pytest.approx(value, abs=1e-12)


def test_inpainting_does_not_look_at_what_is_hidden():
    x = inputs("picture")
    where = some_places(x)
    other = torch.where(where[:, None], 100.0, x)
    assert torch.equal(hidden(x, where, "inpaint"), hidden(other, where, "inpaint"))


def test_inpainting_continues_a_constant_and_stays_within_what_is_left():
    x = inputs("picture")
    where = some_places(x, 0.8)
    found = hidden(x, where, "inpaint")
    for image, gone, filled in zip(x, where, found, strict=True):
        assert (filled.amax((1, 2)) <= image[:, ~gone].amax(1) + 1e-12).all()
        assert (filled.amin((1, 2)) >= image[:, ~gone].amin(1) - 1e-12).all()
    flat = torch.full_like(x, 0.7)
    torch.testing.assert_close(hidden(flat, where, "inpaint"), flat)


def test_where_nothing_is_left_there_is_the_mean():
    x = inputs("picture")
    everything = torch.ones(9, 7, dtype=torch.bool)
    torch.testing.assert_close(hidden(x, everything, "inpaint"), fill_picture("mean", x))


def test_a_table_hides_columns():
    x = torch.arange(6.0).view(2, 3)
    where = torch.tensor([True, False, True])
    assert hidden(x, where).tolist() == [[0, 1, 0], [0, 4, 0]]
    assert hidden(x, where, torch.tensor([7.0, 8, 9])).tolist() == [[7, 1, 9], [7, 4, 9]]


@pytest.mark.parametrize(
    ("shape", "fill", "error", "message"),
    [
        ((1, 1, 4, 4), "red", ValueError, "fill must be one of 'black', .* got 'red'"),
        ((1, 1, 4, 4), None, TypeError, "fill must be one of .* got NoneType"),
        ((1, 4), np.ones(4, dtype=bool), TypeError, "fill must be one of .* got an array of bool"),
        ((1, 4), np.ones(3), ValueError, r"fill must be a number or fit the shape of x, .* got \(3,\)"),
        ((1, 1, 4, 4), torch.ones(3), ValueError, r"fill must be a number or fit the shape of x, .* got \(3,\)"),
        ((1, 1, 4, 4), math.nan, ValueError, "fill must be finite"),
        ((1, 4), "mean", ValueError, "fill must be one of 'black', 'grey', 'white', .* for a table, got 'mean'"),
        ((1, 1, 4, 4), "inpaint", ValueError, "'inpaint' depends on what is hidden.*smooth mask.*'blur'"),
    ],
)
def test_bad_fills(shape, fill, error, message):
    with pytest.raises(error, match=message):
        fill_picture(fill, torch.zeros(shape))


def test_bad_places():
    x = torch.zeros(2, 1, 4, 5)
    with pytest.raises(TypeError, match=r"where must be a bool tensor, got torch.float32; .* mask < 0.5"):
        hidden(x, torch.ones(4, 5))
    with pytest.raises(ValueError, match=r"where must fit the shape \(2, 4, 5\), got \(5, 4\)"):
        hidden(x, torch.ones(5, 4, dtype=torch.bool))
