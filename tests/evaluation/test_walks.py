"""A walk against one point at a time; autocorrelation against its formula and numpy's."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from nets import net, snapshot
from torch import nn

from xaiwidgets.evaluation import autocorrelation, cosine_at_distance, half_distance, walk
from xaiwidgets.methods.gradients import smoothgrad


def noise(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("name", ["dense", "skip, BatchNorm, reused ReLU", "first operation in place"])
def test_a_walk_is_what_one_point_at_a_time_gives(name):
    model, x, _ = net(name)
    before = snapshot(model)
    found = walk(model, x[0], x[1], 2, steps=9)
    assert snapshot(model) == before
    for i in range(9):
        point = (x[0] + i / 8 * (x[1] - x[0])).requires_grad_()
        score = model(point[None].clone())[0, 2]
        (slope,) = torch.autograd.grad(score, point)
        torch.testing.assert_close(found.points[i], point.detach())
        torch.testing.assert_close(found.scores[i], score.detach())
        torch.testing.assert_close(found.gradients[i], slope)


def test_the_slope_is_the_rate_at_which_the_score_changes_on_the_way():
    model, x, _ = net("dense")
    smooth = nn.Sequential(model[0], nn.Tanh(), nn.Linear(12, 3).double())
    found = walk(smooth, x[0], x[1], 1, steps=2001)
    length = (x[1] - x[0]).norm() / 2000
    rate = (found.scores[2:] - found.scores[:-2]) / (2 * length)
    torch.testing.assert_close(found.slopes[1:-1], rate, rtol=1e-5, atol=1e-6)


def test_another_method_may_stand_for_the_gradient():
    model, x, _ = net("dense")
    method = partial(smoothgrad, samples=3, noise=0.2)
    found = walk(model, x[0], x[1], 0, steps=5, method=method)
    torch.testing.assert_close(found.gradients, method(model, found.points, 0))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"start": [0.0]}, TypeError, "start and end must be tensors, got list"),
        ({"end": torch.zeros(3)}, ValueError, r"start and end must have one shape, got \(7,\) and \(3,\)"),
        ({"end": "start"}, ValueError, "start and end are the same input"),
        ({"steps": 1}, ValueError, "steps must be an integer, 2 or more, got 1"),
        ({"steps": 4.0}, ValueError, "steps must be an integer"),
        ({"target": 3}, ValueError, "target must be a class index from 0 to 2, got 3"),
        ({"start": torch.full((7,), torch.nan).double()}, ValueError, "x must be finite"),
    ],
)
def test_bad_arguments_are_named(change, error, message):
    model, x, _ = net("dense")
    arguments = {"start": x[0], "end": x[1], "target": 0, "steps": 4} | change
    if isinstance(arguments["end"], str):
        arguments["end"] = arguments["start"].clone()
    with pytest.raises(error, match=message):
        walk(model, arguments.pop("start"), arguments.pop("end"), arguments.pop("target"), **arguments)


def literal_autocorrelation(values):
    mean = sum(values) / len(values)
    total = sum(float((v - mean) @ (v - mean)) for v in values)
    return [
        sum(float((values[i] - mean) @ (values[i + k] - mean)) for i in range(len(values) - k)) / total
        for k in range(len(values))
    ]


@pytest.mark.parametrize("shape", [(23,), (23, 4), (23, 2, 3)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_autocorrelation_equals_its_formula(shape, dtype):
    values = (noise(*shape) + 5).to(dtype)
    expected = torch.tensor(literal_autocorrelation(list(values.double().reshape(23, -1))), dtype=dtype)
    torch.testing.assert_close(autocorrelation(values), expected)


def test_autocorrelation_equals_numpys_correlate():
    values = noise(50).numpy()
    centred = values - values.mean()
    expected = np.correlate(centred, centred, "full")[49:]
    np.testing.assert_allclose(autocorrelation(torch.tensor(values)), expected / expected[0], atol=1e-12)


def test_autocorrelation_knows_smooth_from_noise():
    n = 400
    wave = torch.sin(torch.arange(n) * 2 * math.pi / n)
    white = autocorrelation(noise(n))
    assert autocorrelation(wave)[10] > 0.9
    assert white[0] == 1
    assert white[1:].abs().max() < 4 / n**0.5
    assert autocorrelation(wave).abs().max() <= 1 + 1e-6


@pytest.mark.parametrize("value", [0.0, 0.1, -1e6, 1e-30])
def test_constant_values_have_no_autocorrelation(value):
    assert autocorrelation(torch.full((9, 3), value)).isnan().all()


def test_a_linear_model_has_nothing_to_correlate_and_a_cosine_of_one():
    model = nn.Linear(6, 2)
    found = walk(model, torch.zeros(6), torch.rand(6, generator=torch.Generator().manual_seed(3)), 1, steps=40)
    assert autocorrelation(found.slopes).isnan().all()
    torch.testing.assert_close(cosine_at_distance(found.gradients), torch.ones(40))


@pytest.mark.parametrize("values", [torch.tensor(1.0), torch.ones(1)])
def test_one_value_is_too_few(values):
    with pytest.raises(ValueError, match="values must be two or more"):
        autocorrelation(values)


def test_cosine_equals_its_formula_and_leaves_out_zeros():
    vectors = noise(7, 3)
    vectors[2] = 0
    found = cosine_at_distance(vectors)
    for k in range(7):
        pairs = [(vectors[i], vectors[i + k]) for i in range(7 - k) if i != 2 and i + k != 2]
        cosines = [float(a @ b / (a.norm() * b.norm())) for a, b in pairs]
        assert float(found[k]) == pytest.approx(sum(cosines) / len(cosines))
    assert cosine_at_distance(torch.zeros(3, 2)).isnan().all()


def test_half_distance_is_where_one_half_is_first_passed():
    assert half_distance(torch.tensor([1.0, 0.8, 0.5, 0.4, 0.9])) == 0.75
    assert math.isnan(half_distance(torch.tensor([1.0, 0.8, 0.6])))
    assert math.isnan(half_distance(torch.full((4,), torch.nan)))
