"""What a prototype costs, term by term: literal sums, finite differences, and the whole objective's gradient."""

import itertools
import math

import pytest
import torch
from nets import NETS, net
from torch import nn

from xaiwidgets.borrow import borrow
from xaiwidgets.methods.layers import activations, layer_shapes
from xaiwidgets.methods.prototype_ascent import Ascent
from xaiwidgets.methods.prototype_objective import Penalties, gain_of, mean_square, repulsion, total_variation
from xaiwidgets.methods.prototype_space import space_of
from xaiwidgets.methods.units import Unit

SHAPE = (2, 5, 4)


class Bell(nn.Module):
    """Independent Gaussians of unequal width."""

    def __init__(self, size=40):
        super().__init__()
        self.register_buffer("width", torch.linspace(0.5, 2, size, dtype=torch.float64))

    def log_density(self, x):
        return -(x.flatten(1) / self.width.to(x)).square().sum(1) / 2


def pictures(count=3, seed=0, shape=SHAPE):
    return torch.randn(count, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def penalties(**changes):
    none = {"l2": 0.0, "total_variation": 0.0, "expert_weight": 0.0, "near_weight": 0.0, "diversity": 0.0}
    return Penalties(**{**none, "origin": 0.0, "expert": None, "near": None, **changes})


def test_l2_and_total_variation_are_sums_over_pixels_and_neighbours():
    for n, x in enumerate(pictures()):
        numbers = [float(value) for value in x.flatten()]
        assert mean_square(pictures())[n] == pytest.approx(sum(v * v for v in numbers) / len(numbers))
        total = 0.0
        for channel, row, column in itertools.product(*map(range, SHAPE)):
            if row + 1 < SHAPE[1]:
                total += abs(float(x[channel, row + 1, column] - x[channel, row, column]))
            if column + 1 < SHAPE[2]:
                total += abs(float(x[channel, row, column + 1] - x[channel, row, column]))
        assert total_variation(pictures())[n] == pytest.approx(total / len(numbers))


def test_repulsion_is_the_mean_logarithm_of_the_distances_to_the_others():
    x, some = pictures(5), slice(2, 4)
    found = repulsion(x[some], x, some)
    for i, value in zip((2, 3), found, strict=True):
        logs = [math.log(float((x[i] - x[j]).square().mean()) + 1e-6) for j in range(5) if j != i]
        assert value == pytest.approx(-sum(logs) / 4)
    assert repulsion(x[:1], x[:1], slice(0, 1)) == 0
    same = torch.zeros(3, *SHAPE, dtype=torch.float64, requires_grad=True)
    repulsion(same, same.detach(), slice(0, 3)).sum().backward()
    assert same.grad.isfinite().all()  # prototypes in one place have no direction to flee in, but no NaN either


EACH = {
    "l2": {"l2": 2.0, "origin": 0.5},
    "total variation": {"total_variation": 3.0},
    "expert": {"expert": Bell(), "expert_weight": 0.7},
    "near": {"near": pictures(seed=5), "near_weight": 4.0},
    "diversity": {"diversity": 1.5},
}


@pytest.mark.parametrize("name", EACH)
def test_each_penalty_s_gradient_agrees_with_finite_differences(name):
    weights, x = penalties(**EACH[name]), pictures().requires_grad_()
    others = pictures(seed=9) if name == "diversity" else None

    def penalty(x):
        found, _ = weights.of(x, x, others, slice(0, 3))
        assert list(found) == [name]
        return found[name]

    assert torch.autograd.gradcheck(penalty, x)
    half = penalties(**{key: value / 2 if key in WEIGHTS else value for key, value in EACH[name].items()})
    torch.testing.assert_close(2 * half.of(x, x, others, slice(0, 3))[0][name], penalty(x))


WEIGHTS = ("l2", "total_variation", "expert_weight", "near_weight", "diversity")


@pytest.mark.parametrize("objective", ["logit", "log-probability"])
@pytest.mark.parametrize("name", NETS)
def test_the_whole_objective_s_gradient_agrees_with_finite_differences(name, objective):
    model, x, target = net(name)
    model, every = borrow(model), slice(0, len(x))
    weights = {"l2": 2.0, "origin": 0.2, "near": x.flip(0), "near_weight": 3.0, "diversity": 0.5}
    weights |= {"expert": Bell(x[0].numel()), "expert_weight": 0.7, "total_variation": float(x.ndim > 2)}
    kind = "fourier" if x.ndim > 2 else "pixels"
    space, values = space_of(model, x, None, kind, None)
    gain = gain_of(model, x, target, objective)
    ascent = Ascent(model, gain, penalties(**weights), space, 0.6 if x.ndim > 2 else 0.0)
    others = ascent.others(values)
    slopes = ascent.slopes(values, others, every, [])
    direction = torch.randn(values.shape, dtype=x.dtype, generator=torch.Generator().manual_seed(4))
    with torch.no_grad():
        ahead, behind = (ascent.look(values + h * direction, others, every, []).objective for h in (1e-5, -1e-5))
    expected = (slopes * direction).flatten(1).sum(1)
    torch.testing.assert_close((ahead - behind) / 2e-5, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", NETS)
def test_a_unit_is_a_neuron_a_channel_s_mean_or_a_layer_s_mean_square(name):
    model, x, _ = net(name)
    layer, shape = next(iter(layer_shapes(model, x).items()))
    values, borrowed, every = activations(model, x, layer), borrow(model), slice(0, len(x))
    channel, place = shape[0] - 1, tuple(length - 1 for length in shape[1:])
    expected = {
        Unit(layer, channel, place): values[(slice(None), channel, *place)],
        Unit(layer, channel): values[:, channel].flatten(1).mean(1) if place else values[:, channel],
        Unit(layer): values.flatten(1).square().mean(1),
        Unit(): model(x.clone()).square().mean(1),
    }
    for unit, value in expected.items():
        found = gain_of(borrowed, x, unit, "logit").of(borrowed, x, every)
        torch.testing.assert_close(found.score, value.detach())
        assert found.probability is None
    found = gain_of(borrowed, x, Unit(channel=1), "logit").of(borrowed, x, every)  # the logits' channel is a class
    torch.testing.assert_close(found.probability, model(x.clone()).softmax(1)[:, 1].detach())
