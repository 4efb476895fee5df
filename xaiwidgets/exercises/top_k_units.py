"""More exercises of notebook 02: what units can see, and which of them say the same."""

import torch
import torch.nn.functional as F

from .exercise import Exercise
from .laws import expect
from .nets import normal

# --- 02.4 receptive field -------------------------------------------------------------------------------------------


def receptive_field(layers, place):
    """Which pixels a unit at this place can see, along one axis: its first and its last one.

    layers holds (kernel, stride, padding) of each convolution or pooling, the first layer first; place is an
    index into the last layer's map. Pixels of the padding count: below 0 or beyond the picture.
    Returns a tensor of two whole numbers, first and last.
    """
    first = last = place
    for kernel, stride, padding in reversed(layers):
        first = first * stride - padding
        last = last * stride - padding + kernel - 1
    return torch.tensor([first, last])


def from_the_first_layer_on(layers, place):
    """You walk from the picture upwards. place lies in the last layer's map: walk back, reversed(layers)."""
    return receptive_field(layers[::-1], place)


def one_beyond(layers, place):
    """Your last pixel is one too far at each layer: a window of 3 that begins at 4 ends at 6."""
    first = last = place
    for kernel, stride, padding in reversed(layers):
        first, last = first * stride - padding, last * stride - padding + kernel
    return torch.tensor([first, last])


def without_padding(layers, place):
    """You leave out the padding: with it, window number 0 begins that many pixels before the edge."""
    return receptive_field([(kernel, stride, 0) for kernel, stride, _ in layers], place)


def padding_added(layers, place):
    """You add the padding: it lies before pixel 0, so that windows begin earlier. Subtract it."""
    return receptive_field([(kernel, stride, -padding) for kernel, stride, padding in layers], place)


def without_stride(layers, place):
    """You leave out the stride: neighbours in a map are stride pixels apart in the map before."""
    return receptive_field([(kernel, 1, padding) for kernel, _, padding in layers], place)


def kernels_added(layers, place):
    """You add the kernels to the first pixel. What a layer adds grows with the strides before it: track last, too."""
    first = int(receptive_field(layers, place)[0])
    return torch.tensor([first, first + sum(kernel - 1 for kernel, _, _ in layers)])


def only_the_last_layer(layers, place):
    """You look at one layer only, which sees the map before it and not the picture: go on to the first layer."""
    return receptive_field(layers[-1:], place)


def first_and_size(layers, place):
    """You return the first pixel and the number of pixels: return the first and the last pixel."""
    first, last = receptive_field(layers, place).tolist()
    return torch.tensor([first, last - first + 1])


NETS_OF_WINDOWS = (
    [(3, 1, 1), (2, 2, 0), (5, 1, 2)],
    [(4, 2, 1), (3, 1, 0)],
    [(3, 2, 1), (3, 1, 1), (2, 2, 0), (3, 1, 1)],
)


def pixels_with_a_slope(student):
    """the pixels on which the output really depends, found by a gradient through hidden nets of convolutions"""
    for layers in NETS_OF_WINDOWS:
        x = torch.zeros(1, 1, 64, dtype=torch.float64, requires_grad=True)
        maps = x
        for kernel, stride, padding in layers:
            maps = F.conv1d(maps, torch.ones(1, 1, kernel).double(), stride=stride, padding=padding)
        place = maps.shape[2] // 2
        seen = torch.autograd.grad(maps[0, 0, place], x)[0][0, 0].nonzero()[:, 0]
        wanted = torch.stack([seen.min(), seen.max()]).double()
        expect(student(layers, place), wanted, f"First and last pixel for place {place} behind {layers}")


def beyond_the_edge(student):
    """at the edge the field reaches into the padding"""
    found, wanted = student([(3, 1, 1), (3, 1, 1)], 0), torch.tensor([-2, 2]).double()
    expect(found, wanted, "First and last pixel for place 0 behind two windows of 3 with padding 1")


FIELD = Exercise(
    id="02.4",
    title="Receptive field",
    task="Write receptive_field: the first and the last pixel that a unit at this place can see.",
    solution=receptive_field,
    cases=lambda: [(NETS_OF_WINDOWS[0], 7), (NETS_OF_WINDOWS[1], 3), (NETS_OF_WINDOWS[2], 2)],
    laws=(pixels_with_a_slope, beyond_the_edge),
    shape=lambda layers, place: (2,),
    hints=(
        "Take one layer, without padding: which entries of the map before does place 0 see? Place 1, with stride 2?",
        "Place p sees the entries from p * stride - padding on, kernel of them.",
        "Walk back from the last layer with two numbers, first and last, that begin as place.",
    ),
    wrong=(
        from_the_first_layer_on,
        one_beyond,
        without_padding,
        padding_added,
        without_stride,
        kernels_added,
        only_the_last_layer,
        first_and_size,
    ),
)

# --- 02.5 duplicate units -------------------------------------------------------------------------------------------


def correlations(values):
    """How alike each two units are: Pearson's correlation of their values over the pictures.

    values is (N, C), N pictures and C units. A dead unit, whose value never changes, correlates with nothing:
    its row and its column are 0. Returns a tensor (C, C).
    """
    centred = values - values.mean(dim=0)
    length = centred.norm(dim=0)
    units = torch.where(length > 0, centred / torch.where(length > 0, length, 1), 0)
    return units.T @ units


def _lengthwise(values):
    return values / values.norm(dim=0).clamp(min=1e-300)


def without_the_mean(values):
    """You do not subtract each unit's mean: units that are all positive then look alike. (This is the cosine.)"""
    return _lengthwise(values).T @ _lengthwise(values)


def covariance(values):
    """This is the covariance: divide by both standard deviations."""
    centred = values - values.mean(dim=0)
    return centred.T @ centred / (len(values) - 1)


def zero_by_zero(values):
    """A dead unit's deviation is 0 and you divide by it: set its row and its column to 0."""
    centred = values - values.mean(dim=0)
    units = centred / centred.norm(dim=0)
    return units.T @ units


def pictures_in_place_of_units(values):
    """You compare pictures: units are the columns, so centre along dim 0 and multiply values.T by values."""
    return correlations(values.T)


def either_sign(values):
    """You take absolute values: two units that say the opposite have a correlation of -1."""
    return correlations(values).abs()


def squared(values):
    """You square: this is the share of variance that one unit explains of the other."""
    return correlations(values).square()


def mean_of_all_units(values):
    """You subtract one mean for all units: each unit has its own, values.mean(dim=0)."""
    centred = _lengthwise(values - values.mean())
    return centred.T @ centred


def _units(seed, count=8):
    """Five units: two that say the same on other scales, one that says the opposite, a dead one, and another."""
    first, other = normal(seed, count).abs(), normal(seed + 1, count).abs()
    return torch.stack([first, 2 * first + 1 + 0.3 * other, 3 - first, torch.full_like(first, 0.0), other], dim=1)


def as_corrcoef_has_it(student):
    """the same as torch.corrcoef, where no unit is dead"""
    values = _units(21)[:, [0, 1, 2, 4]]
    expect(student(values), torch.corrcoef(values.T), "The correlation of hidden units")


def dead_units_are_alone(student):
    """a dead unit has zeros, and all others 1 with themselves"""
    found = student(_units(23))
    wanted = torch.tensor([1.0, 1, 1, 0, 1]).double()
    expect(found.diagonal(), wanted, "The correlation of a unit with itself, the fourth of five dead")
    expect(found[3], torch.zeros(5).double(), "The correlation of the dead unit with the others")


def scale_does_not_count(student):
    """a unit on another scale, and moved, stays the same unit"""
    values = normal(25, 7, 3)
    moved = values * torch.tensor([2.0, 0.1, 5]) + torch.tensor([1.0, -3, 0])
    expect(student(moved), student(values), "The correlation of units on other scales")


CORRELATIONS = Exercise(
    id="02.5",
    title="Duplicate units",
    task="Write correlations: Pearson's correlation of each two units' values over the pictures; 0 for dead units.",
    solution=correlations,
    cases=lambda: [(_units(21),), (_units(27, 6),)],
    laws=(as_corrcoef_has_it, dead_units_are_alone, scale_does_not_count),
    shape=lambda values: (values.shape[1], values.shape[1]),
    hints=(
        "Subtract each unit's mean over the pictures: values - values.mean(dim=0).",
        "Bring each column to length 1; then the correlations are units.T @ units.",
        "torch.where(length > 0, centred / torch.where(length > 0, length, 1), 0) leaves dead units at zero.",
    ),
    wrong=(
        without_the_mean,
        covariance,
        zero_by_zero,
        pictures_in_place_of_units,
        either_sign,
        squared,
        mean_of_all_units,
    ),
)

EXERCISES = (FIELD, CORRELATIONS)
