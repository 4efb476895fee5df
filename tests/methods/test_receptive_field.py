"""What a place can see, against arithmetic and against changing pixels; and cutting it out."""

import pytest
import torch
from nets import NETS, net, snapshot
from top_k_parts import Stopping
from torch import nn
from torch.nn import functional as F

from xaiwidgets.methods.layers import activations, layer_shapes
from xaiwidgets.methods.receptive_field import crops, receptive_field, receptive_fields
from xaiwidgets.progress import Cancelled, listening

SIZE = (23, 19)


def stack(layers):
    """Convolutions and poolings of (kind, window, stride, padding, dilation), and a head."""
    made = [
        nn.Conv2d(1, 1, window, stride, padding, dilation)
        if kind == "conv"
        else nn.MaxPool2d(window, stride, padding, dilation)
        if kind == "max"
        else nn.AvgPool2d(window, stride, padding)
        for kind, window, stride, padding, dilation in layers
    ]
    return nn.Sequential(*made, nn.Flatten(), nn.LazyLinear(2))


def by_arithmetic(layers, index, length):
    """Window w, stride s, padding p, dilation d: output i sees i s - p to i s - p + d (w - 1), layer by layer."""
    first = last = index
    lengths = [length]
    for _, window, stride, padding, dilation in layers:
        lengths.append((lengths[-1] + 2 * padding - dilation * (window - 1) - 1) // stride + 1)
    for (_, window, stride, padding, dilation), size in zip(reversed(layers), reversed(lengths[:-1]), strict=True):
        first = max(first * stride - padding, 0)
        last = min(last * stride - padding + dilation * (window - 1), size - 1)
    return slice(first, last + 1)


STACKS = {
    "one convolution": [("conv", 3, 1, 0, 1)],
    "padding": [("conv", 5, 1, 2, 1), ("conv", 3, 1, 1, 1)],
    "strides": [("conv", 3, 2, 1, 1), ("conv", 3, 2, 0, 1)],
    "poolings": [("conv", 3, 1, 1, 1), ("max", 2, 2, 0, 1), ("conv", 3, 1, 1, 1), ("avg", 3, 2, 1, 1)],
    "dilation": [("conv", 3, 1, 2, 2), ("max", 2, 1, 0, 3), ("conv", 2, 2, 0, 1)],
}


@pytest.mark.parametrize("name", STACKS)
def test_it_is_what_windows_strides_padding_and_dilation_say(name):
    layers, x = STACKS[name], torch.rand(1, 1, *SIZE, generator=torch.Generator().manual_seed(0))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = stack(layers).eval()
        model(x)
    layer = str(len(layers) - 1)
    rows, columns = activations(model, x, layer).shape[2:]
    places = [(row, column) for row in {0, 1, rows // 2, rows - 1} for column in {0, columns // 2, columns - 1}]
    wanted = [(by_arithmetic(layers, row, SIZE[0]), by_arithmetic(layers, column, SIZE[1])) for row, column in places]
    assert receptive_fields(model, x, layer, places) == wanted
    assert receptive_field(model, x, layer, places[0]) == wanted[0]
    last = [by_arithmetic(layers, size - 1, length).stop for size, length in zip((rows, columns), SIZE, strict=True)]
    assert receptive_field(model, x, None, ()) == tuple(slice(0, stop) for stop in last)  # strides may leave out pixels


def around(box, length):
    """Slices just before and just after a field, where there is something."""
    return [slice(at, at + 1) for at in (box.start - 1, box.stop) if 0 <= at < length]


def moves(model, x, layer, place, axis, part):
    """Whether other pixels in a part of the input ever change the output at a place: large steps open every gate."""
    at = (slice(None), *place)
    before = activations(model, x, layer)[0][at]
    for seed in range(12):
        other = x.clone()
        chosen = other.narrow(axis + 2, part.start, part.stop - part.start)
        chosen.copy_(100 * torch.randn(chosen.shape, generator=torch.Generator().manual_seed(seed)))
        if not torch.allclose(activations(model, other, layer)[0][at], before, rtol=1e-9, atol=1e-9):
            return True
    return False


@pytest.mark.parametrize("name", [name for name in NETS if name != "dense"])
def test_pixels_at_its_border_matter_and_pixels_outside_do_not(name):
    model, x, _ = net(name)
    x = x[:1]
    before = snapshot(model)
    for layer, shape in layer_shapes(model, x).items():
        place = tuple(size // 2 for size in shape[1:])
        field = receptive_field(model, x, layer, place)
        for axis, box in enumerate(field):
            length = x.shape[axis + 2]
            assert moves(model, x, layer, place, axis, slice(box.start, box.start + 1))
            assert moves(model, x, layer, place, axis, slice(box.stop - 1, box.stop))
            assert not any(moves(model, x, layer, place, axis, part) for part in around(box, length))
    assert snapshot(model) == before


class Odd(nn.Module):
    """Global pooling beside a way around, and an output that sees no pixel at all."""

    def __init__(self, how):
        super().__init__()
        self.how, self.last, self.head = how, nn.Identity(), nn.LazyLinear(2)

    def forward(self, x):
        if self.how == "global":
            y = x + x.mean((2, 3), keepdim=True)
        elif self.how == "skip":
            y = x + F.conv2d(x, torch.ones(1, 1, 5, 3, dtype=x.dtype), padding=(2, 1))
        elif self.how == "nothing":
            y = torch.zeros_like(x)
        else:  # NaN does not pass a comparison
            y = torch.where(x.flatten(1).sum(1)[:, None, None, None] > 40, x, -x)
        return self.head(self.last(y).flatten(1))


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        ("global", (slice(0, 9), slice(0, 8))),
        ("skip", (slice(2, 7), slice(4, 7))),
        ("nothing", (slice(0, 0), slice(0, 0))),
        ("where", (slice(0, 9), slice(0, 8))),
    ],
)
def test_other_structures(how, wanted):
    model, x = Odd(how).eval(), torch.rand(1, 1, 9, 8, generator=torch.Generator().manual_seed(3)) * 2
    model(x)
    assert receptive_field(model, x, "last", (4, 5)) == wanted


def test_of_float32_too():
    model, x, _ = net("max pooling", torch.float32)
    twin, same, _ = net("max pooling", torch.float64)
    places = [(0, 0), (1, 0), (0, 1)]
    fields = receptive_fields(model, x[:1], "3", places)
    assert fields == receptive_fields(twin, same[:1], "3", torch.tensor(places))
    # Convolution 3, pooling 2, convolution 2: row i sees 2 i to 2 i + 5.
    assert fields == [(slice(2 * row, 2 * row + 6), slice(2 * column, 2 * column + 6)) for row, column in places]


def test_cancel_is_heard_while_fields_are_looked_for():
    model, x, _ = net("max pooling")
    listener = Stopping(after=3)
    with listening(listener), pytest.raises(Cancelled):
        receptive_fields(model, x[:1], "3", [(0, 0), (0, 1), (1, 0)])
    assert listener.told == [("Tracing back", done, 6) for done in range(3)]


def test_crops_keep_the_shape_of_a_field_and_every_pixel():
    x = torch.arange(2 * 3 * 6 * 5.0).reshape(2, 3, 6, 5)
    cut = crops(x, [(slice(1, 3), slice(0, 2)), (slice(0, 2), slice(1, 5))], 8)
    torch.testing.assert_close(cut[0], x[0, :, 1:3, 0:2].repeat_interleave(4, 1).repeat_interleave(4, 2))
    torch.testing.assert_close(cut[1, :, 2:6], x[1, :, 0:2, 1:5].repeat_interleave(2, 1).repeat_interleave(2, 2))
    assert (cut[1, :, :2] == 0.5).all()
    assert (cut[1, :, 6:] == 0.5).all()
    assert (crops(x[:1], [(slice(0, 0), slice(0, 0))], 4) == 0.5).all()
    small = crops(torch.full((1, 1, 30, 30), 0.25), [(slice(0, 30), slice(0, 30))], 7)
    torch.testing.assert_close(small, torch.full((1, 1, 7, 7), 0.25))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("3", (5, 0)), r"place must lie in the layer's maps, of shape \(\d, \d\), got \(5, 0\)"),
        (("3", (0,)), "place must lie in the layer's maps"),
        (("3", (0.5, 0)), r"place must be whole numbers, one for each axis of the map, got \(0.5, 0\)"),
        (("3", 2), "place must be whole numbers, one for each axis of the map, got 2"),
        (("33", (0, 0)), "layer must be the name of a module"),
    ],
)
def test_bad_places_are_answered(arguments, message):
    model, x, _ = net("max pooling")
    with pytest.raises((TypeError, ValueError), match=message):
        receptive_field(model, x[:1], *arguments)


def test_bad_pictures_are_answered():
    model, x, _ = net("max pooling")
    with pytest.raises(ValueError, match=r"x must be one input, \(1, …\), got shape \(3, 2, 9, 8\)"):
        receptive_field(model, x, "3", (0, 0))
    with pytest.raises(ValueError, match=r"x must be pictures \(N, C, H, W\), got shape \(2, 9, 8\)"):
        crops(x[0], [], 4)
    with pytest.raises(ValueError, match="fields must be one for each of 3 pictures, got 1"):
        crops(x, [(slice(0, 1), slice(0, 1))], 4)
    with pytest.raises(ValueError, match="size must be a number of pixels, 1 or more, got 0"):
        crops(x, [(slice(0, 1), slice(0, 1))] * 3, 0)
