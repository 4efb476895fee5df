"""Each method against a slow, literal re-implementation of its equation, and its laws."""

import pytest
import torch
from nets import NETS, net
from torch import nn

from xaiwidgets.methods.gradients import (
    completeness_gap,
    gradient,
    gradient_x_input,
    integrated_gradients,
    root_point,
    sensitivity,
    simple_taylor,
    smoothgrad,
    squared_gradient_x_input,
)
from xaiwidgets.methods.quadrature import RULES
from xaiwidgets.methods.roots import NoRootError


def literal_gradient(model, image, c):
    """One image, one class, plain autograd."""
    image = image.clone().requires_grad_()
    return torch.autograd.grad(model(image[None].clone())[0, c], image)[0]


def score(model, image, c):
    with torch.no_grad():
        return model(image[None].clone())[0, c]


def each(model, x, target, function):
    return torch.stack([function(model, image, int(c)) for image, c in zip(x, target, strict=True)])


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradient_and_its_kin_equal_their_formulas(name, dtype):
    model, x, target = net(name, dtype)
    slopes = each(model, x, target, literal_gradient)
    tolerance = {"rtol": 1e-4, "atol": 1e-6} if dtype == torch.float32 else {"rtol": 1e-10, "atol": 1e-13}
    torch.testing.assert_close(gradient(model, x, target), slopes, **tolerance)
    torch.testing.assert_close(sensitivity(model, x, target), slopes * slopes, **tolerance)
    torch.testing.assert_close(gradient_x_input(model, x, target), slopes * x, **tolerance)
    torch.testing.assert_close(squared_gradient_x_input(model, x, target), slopes * slopes * x, **tolerance)


@pytest.mark.parametrize("name", ["dense", "functional ReLU", "skip, BatchNorm, reused ReLU"])
def test_gradient_equals_finite_differences(name):
    model, x, target = net(name)
    found = gradient(model, x, target)[0].flatten()
    step = 1e-6
    for d in range(0, found.numel(), 13):
        shift = torch.zeros(found.numel(), dtype=x.dtype)
        shift[d] = step
        shift = shift.view(x.shape[1:])
        rise = score(model, x[0] + shift, target[0]) - score(model, x[0] - shift, target[0])
        assert found[d] == pytest.approx(float(rise) / (2 * step), abs=1e-7)


def literal_integral(model, image, c, baseline, steps, rule):
    """The sum over the way, one gradient at a time."""
    place = {
        "midpoint": lambda k: (k + 0.5) / steps,
        "left": lambda k: k / steps,
        "right": lambda k: (k + 1) / steps,
        "trapezoid": lambda k: k / (steps - 1),
    }[rule]
    total = torch.zeros_like(image)
    for k in range(steps):
        share = 1 / steps
        if rule == "trapezoid":
            share = (0.5 if k in (0, steps - 1) else 1) / (steps - 1)
        total += share * literal_gradient(model, baseline + place(k) * (image - baseline), c)
    return (image - baseline) * total


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("rule", ["midpoint", "left", "right", "trapezoid"])
def test_integrated_gradients_equal_their_sum(name, rule):
    model, x, target = net(name)
    baseline = torch.full_like(x, 0.3)
    expected = each(model, x, target, lambda m, image, c: literal_integral(m, image, c, baseline[0], 9, rule))
    found = integrated_gradients(model, x, target, baseline=0.3, steps=9, rule=rule)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", NETS)
def test_integrated_gradients_are_complete(name):
    model, x, target = net(name)
    baseline = -0.5 * torch.ones_like(x)
    found = integrated_gradients(model, x, target, baseline=baseline, steps=256)
    difference = each(model, x, target, score) - each(model, baseline, target, score)
    torch.testing.assert_close(found.flatten(1).sum(1), difference, rtol=0, atol=2e-3)
    gap = completeness_gap(model, x, target, found, baseline)
    torch.testing.assert_close(gap, found.flatten(1).sum(1) - difference)


class Quadratic(nn.Module):
    """f_k(x) = x' A_k x / 2 with symmetric A_k: its integrated gradients from x̃ are known in closed form."""

    def __init__(self):
        super().__init__()
        a = torch.randn(3, 5, 5, dtype=torch.float64)
        self.a = nn.Parameter(a + a.mT)

    def forward(self, x):
        return torch.einsum("ni,kij,nj->nk", x, self.a, x) / 2


@pytest.mark.parametrize("rule", ["midpoint", "trapezoid", "gauss-legendre"])
def test_integrated_gradients_of_a_quadratic_are_exact(rule):
    torch.manual_seed(0)
    model, x, baseline = Quadratic(), *torch.randn(2, 4, 5, dtype=torch.float64)
    expected = (x - baseline) * ((x + baseline) / 2 @ model.a[1])
    found = integrated_gradients(model, x, 1, baseline=baseline, steps=2, rule=rule)
    torch.testing.assert_close(found, expected.detach(), rtol=1e-10, atol=1e-12)


def test_the_three_attributions_agree_on_a_linear_model_without_bias():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 3, bias=False)).double()
    x = torch.randn(2, 3, 2, 2, dtype=torch.float64)
    expected = model[1].weight[2].view(1, 3, 2, 2) * x
    for found in (
        gradient_x_input(model, x, 2),
        integrated_gradients(model, x, 2, steps=1),
        simple_taylor(model, x, 2, search="line"),
    ):
        torch.testing.assert_close(found, expected.detach())
    torch.testing.assert_close(sensitivity(model, x, 2)[0].flatten(), model[1].weight[2].detach().square())


@pytest.mark.parametrize("name", NETS)
def test_smoothgrad_is_the_mean_over_a_fixed_noise(name):
    model, x, target = net(name)
    generator = torch.Generator().manual_seed(5)
    noises = [torch.randn(x.shape[1:], generator=generator, dtype=torch.float64) for _ in range(20)]

    def literal(model, image, c):
        sigma = 0.2 * (image.max() - image.min())
        return sum(literal_gradient(model, image + sigma * noise, c) for noise in noises) / 20

    found = smoothgrad(model, x, target, samples=20, noise=0.2, seed=5)
    torch.testing.assert_close(found, each(model, x, target, literal), rtol=1e-9, atol=1e-12)


def test_smoothgrad_without_noise_is_the_gradient_and_seeds_differ():
    model, x, target = net("max pooling")
    torch.testing.assert_close(smoothgrad(model, x, target, noise=0.0), gradient(model, x, target))
    first, second = (smoothgrad(model, x, target, samples=4, seed=seed) for seed in (0, 1))
    assert not torch.allclose(first, second)


def test_an_input_is_explained_alike_alone_and_in_a_batch():
    model, x, target = net("functional ReLU")
    for method in (smoothgrad, integrated_gradients, gradient):
        torch.testing.assert_close(method(model, x[1:2], target[1:2]), method(model, x, target)[1:2])


@pytest.mark.parametrize("search", ["gradient", "line"])
@pytest.mark.parametrize("name", ["dense", "max pooling", "skip, BatchNorm, reused ReLU"])
def test_a_root_point_has_score_zero_and_lies_on_its_way(name, search):
    model, x, target = _with_a_crossing(name)
    root = root_point(model, x, target, search=search, baseline=0.1)
    assert each(model, root, target, score).abs().max() < 1e-9
    way = gradient(model, x, target) if search == "gradient" else 0.1 - x
    cosine = nn.functional.cosine_similarity((root - x).flatten(1), way.flatten(1))
    torch.testing.assert_close(cosine.abs(), torch.ones(len(x), dtype=x.dtype))
    for share in torch.linspace(0, 0.99, 12).tolist():  # the first one: no change of sign before it
        before = each(model, x + share * (root - x), target, score)
        assert (before.sign() == each(model, x, target, score).sign()).all()


def _with_a_crossing(name):
    """A net whose score changes sign between its inputs and the baseline 0.1."""
    model, x, target = net(name)
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    with torch.no_grad():
        middle = (each(model, x, target, score) + each(model, torch.full_like(x, 0.1), target, score)) / 2
        last.bias[target] -= middle
    return model, x, target


@pytest.mark.parametrize("search", ["gradient", "line"])
def test_simple_taylor_equals_its_formula_at_its_root(search):
    model, x, target = _with_a_crossing("max pooling")
    root = root_point(model, x, target, search=search, baseline=0.1)
    expected = each(model, root, target, literal_gradient) * (x - root)
    torch.testing.assert_close(simple_taylor(model, x, target, search=search, baseline=0.1), expected)
    torch.testing.assert_close(simple_taylor(model, x, target, root=root), expected)


def test_simple_taylor_along_the_gradient_of_a_linear_model_sums_to_the_score():
    torch.manual_seed(0)
    model = nn.Linear(6, 3).double()
    x = torch.randn(4, 6, dtype=torch.float64)
    torch.testing.assert_close(simple_taylor(model, x, 1).sum(1), model(x)[:, 1].detach())


def test_an_input_at_score_zero_is_its_own_root():
    model = nn.Linear(2, 1, bias=False)
    x = torch.zeros(1, 2)
    assert torch.equal(root_point(model, x, 0), x)


def test_no_root_is_an_error_that_says_what_to_try():
    model = nn.Sequential(nn.Linear(3, 4), nn.Sigmoid(), nn.Linear(4, 2))
    with torch.no_grad():
        model[2].bias.fill_(100)
    for search in ("gradient", "line"):
        with pytest.raises(NoRootError, match=r"no root point found for 2 of 2 inputs.*or give root"):
            simple_taylor(model, torch.randn(2, 3), 1, search=search)


@pytest.mark.parametrize("rule", RULES)
def test_quadrature_weights_sum_to_one(rule):
    _, x, _ = net("dense")
    linear = nn.Linear(7, 2).double()
    found = integrated_gradients(linear, x, 1, steps=5, rule=rule)
    torch.testing.assert_close(found, (linear.weight[1] * x).detach())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": 0}, "steps must be an integer from 1 to 256, got 0"),
        ({"steps": 2.5}, r"steps must be an integer, got 2.5 \(float\)"),
        ({"steps": 1, "rule": "trapezoid"}, "steps must be 2 or more for the rule 'trapezoid', got 1"),
        ({"rule": "simpson"}, "rule must be one of 'midpoint', .*got 'simpson'"),
        ({"baseline": torch.zeros(4)}, r"baseline must be a number or fit the shape of x, \(3, 7\), got \(4,\)"),
        ({"baseline": float("nan")}, "baseline must be finite"),
    ],
)
def test_bad_parameters_are_named(arguments, message):
    model, x, target = net("dense")
    with pytest.raises((ValueError, TypeError), match=message):
        integrated_gradients(model, x, target, **arguments)
