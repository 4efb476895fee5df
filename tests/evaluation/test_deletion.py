"""Deletion and insertion curves against a slow, literal loop over places, and what is known of a linear model."""

import pytest
import torch
from asked import TYPES, leaves_everything_as_it_is, linear, same_in_two_threads
from nets import NETS, net

from xaiwidgets.evaluation import area_under, deletion_curve, insertion_curve
from xaiwidgets.methods.fills import FILLS, hidden


def random_map(x, seed=5):
    places = x.shape[2:] or x.shape[1:]
    return torch.randn(len(x), *places, generator=torch.Generator().manual_seed(seed))


def literal(model, x, target, maps, steps, fill, insert):
    """Sorts the places by hand, and hides one set after the other."""
    curves = []
    for image, c, map in zip(x, target, maps, strict=True):
        values = map.flatten().tolist()
        order = sorted(range(len(values)), key=lambda place: -values[place])
        curve = []
        for step in range(steps + 1):
            first = set(order[: round(step * len(order) / steps)])
            gone = torch.tensor([(place in first) != insert for place in range(len(order))]).view(map.shape)
            with torch.no_grad():
                curve.append(float(model(hidden(image[None], gone, fill))[0].softmax(0)[c]))
        curves.append(curve)
    return torch.tensor(curves)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", NETS)
def test_curves_are_those_of_the_definition(name, dtype):
    model, x, target = net(name, dtype)
    map = random_map(x)
    map[:, 2:5] = 0.0  # equal values go in reading order
    for insert, curve in ((False, deletion_curve), (True, insertion_curve)):
        expected = literal(model, x, target, map, 6, 0.2, insert)
        found = curve(model, x, target, map, steps=6, fill=0.2)
        torch.testing.assert_close(found.float(), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("fill", FILLS)
def test_every_fill(fill):
    model, x, target = net("max pooling")
    map = random_map(x)
    for insert, curve in ((False, deletion_curve), (True, insertion_curve)):
        expected = literal(model, x, target, map, 4, fill, insert)
        found = curve(model, x, target, map, steps=4, fill=fill)
        torch.testing.assert_close(found.float(), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("shape", [(2, 5, 4), (3, 9), (6,)])
def test_of_a_linear_model_it_is_known(shape):
    """Each place takes its `w · (x - fill)` with it; sorted by that, no curve falls faster or rises faster."""
    model, weights = linear(shape)
    x = torch.randn(3, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    parts = weights[1] * (x - 0.3)
    parts = parts.sum(1) if len(shape) > 1 else parts
    start = model(x)[:, 1:].detach()
    count = parts[0].numel()
    gone = torch.cat([torch.zeros(3, 1), parts.flatten(1).sort(1, descending=True).values.cumsum(1)], 1)
    settings = {"steps": count, "fill": 0.3, "output": "score"}
    deletion = deletion_curve(model, x, 1, parts, **settings)
    insertion = insertion_curve(model, x, 1, parts, **settings)
    torch.testing.assert_close(deletion, start - gone, rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(insertion, start - gone[:, -1:] + gone, rtol=1e-9, atol=1e-11)
    for seed in range(3):
        other = random_map(x, seed)
        assert (area_under(deletion) <= area_under(deletion_curve(model, x, 1, other, **settings))).all()
        assert (area_under(insertion) >= area_under(insertion_curve(model, x, 1, other, **settings))).all()


def test_the_area_is_that_of_trapezoids():
    curves = torch.rand(3, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(area_under(curves), torch.trapezoid(curves, dx=1 / 8))
    assert area_under(torch.tensor([[1.0, 0.0]])).tolist() == [0.5]
    with pytest.raises(ValueError, match=r"curve must have two or more points, \(N, steps \+ 1\), got shape \(3, 1\)"):
        area_under(torch.zeros(3, 1))


def deleted(model, x, target):
    return deletion_curve(model, x, target, random_map(x), steps=40, fill=0.1)


def test_everything_is_left_as_it_is():
    leaves_everything_as_it_is(deleted)


def test_two_threads():
    same_in_two_threads(deleted)


@pytest.mark.parametrize(
    ("map", "settings", "error", "message"),
    [
        (torch.zeros(3, 9, 7), {}, ValueError, r"map must have a value for each place of x, \(3, 9, 8\), got shape"),
        (torch.zeros(3, 2, 9, 8), {}, ValueError, r"map must have a value for each place of x"),
        (torch.full((3, 9, 8), torch.nan), {}, ValueError, "map must be .* finite"),
        ([1, 2], {}, TypeError, "map must be a tensor"),
        (torch.zeros(3, 9, 8), {"steps": 0}, ValueError, "steps must be an integer from 1 to 4096, got 0"),
        (torch.zeros(3, 9, 8), {"seed": -1}, ValueError, "seed must be an integer from 0 to"),
        (torch.zeros(3, 9, 8), {"output": "odds"}, ValueError, "output must be one of"),
    ],
)
@pytest.mark.parametrize("curve", [deletion_curve, insertion_curve])
def test_bad_arguments(curve, map, settings, error, message):
    model, x, target = net("max pooling")
    with pytest.raises(error, match=message):
        curve(model, x, target, map, **settings)
