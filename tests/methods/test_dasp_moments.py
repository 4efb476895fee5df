"""Mean and variance behind operations: against numerical integrals, Jacobians and plain pooling."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from xaiwidgets.backward import trace
from xaiwidgets.borrow import borrow
from xaiwidgets.methods.dasp_moments import RULES, larger, rectified


def tensor(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def density(values, mean, variance):
    return torch.exp(-0.5 * (values - mean).square() / variance) / math.sqrt(2 * math.pi * variance)


@pytest.mark.parametrize("mean", [-7.0, -1.0, 0.0, 0.3, 2.0, 30.0])
@pytest.mark.parametrize("variance", [0.01, 1.0, 9.0])
def test_relu_against_an_integral(mean, variance):
    grid = torch.linspace(-12, 12, 400_001, dtype=torch.float64) * math.sqrt(variance) + mean
    weight = density(grid, mean, variance)
    first = torch.trapezoid(grid.clamp(min=0) * weight, grid)
    second = torch.trapezoid(grid.clamp(min=0).square() * weight, grid)
    found = rectified(tensor(mean), tensor(variance))
    torch.testing.assert_close(found[0][0], first, rtol=1e-8, atol=1e-12)
    torch.testing.assert_close(found[1][0], second - first**2, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("a", [(0.0, 1.0), (2.0, 0.5), (-3.0, 4.0)])
@pytest.mark.parametrize("b", [(0.0, 1.0), (0.5, 0.1), (100.0, 1.0)])
def test_the_larger_of_two_against_an_integral(a, b):
    (mean_a, variance_a), (mean_b, variance_b) = a, b
    x = torch.linspace(-9, 9, 1501, dtype=torch.float64)
    one, two = x * variance_a**0.5 + mean_a, x * variance_b**0.5 + mean_b
    weight = density(x, 0, 1)[:, None] * density(x, 0, 1)
    top = torch.maximum(one[:, None], two)
    first = torch.trapezoid(torch.trapezoid(top * weight, x), x)
    spread = torch.trapezoid(torch.trapezoid((top - first).square() * weight, x), x)
    found = larger(tuple(map(tensor, a)), tuple(map(tensor, b)))
    torch.testing.assert_close(found[0][0], first, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found[1][0], spread, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_is_certain_stays_so(dtype):
    values = torch.tensor([-2.0, 0.0, 3.0, 1e6], dtype=dtype)
    mean, variance = rectified(values, torch.zeros_like(values))
    assert mean.tolist() == [0, 0, 3, 1e6]
    assert variance.tolist() == [0, 0, 0, 0]


def behind(module, x):
    """The first operation of a module, and what its rule makes of random means and variances."""
    module, generator = borrow(module.double()), torch.Generator().manual_seed(2)
    (call,) = trace(module, x)
    mean = torch.randn(x.shape, generator=generator, dtype=torch.float64)
    variance = torch.rand(x.shape, generator=generator, dtype=torch.float64)
    call.inputs = (x,)
    return module, mean, variance, RULES[call.operation](call, [(mean, variance)])


class Mean(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


class Sum(nn.Module):
    def forward(self, x):
        return x.sum(3)


class Scaled(nn.Module):
    def forward(self, x):
        return x * torch.arange(1, 7)


LINEAR = {
    "linear": nn.Linear(6, 4),
    "convolution": nn.Conv2d(2, 4, 3, stride=2, padding=1, groups=2),
    "transposed": nn.ConvTranspose2d(2, 3, 3, stride=2),
    "batch norm": nn.BatchNorm2d(2),
    "average": nn.AvgPool2d(2),
    "average, overlapping, padded": nn.AvgPool2d(3, stride=2, padding=1),
    "average, ceil": nn.AvgPool2d(2, stride=2, ceil_mode=True),
    "average, padding not counted": nn.AvgPool2d((3, 2), stride=(2, 1), padding=(1, 0), count_include_pad=False),
    "average, own divisor": nn.AvgPool2d(2, divisor_override=3),
    "adaptive": nn.AdaptiveAvgPool2d((3, 4)),
    "global": nn.AdaptiveAvgPool2d(1),
    "mean": Mean(),
    "sum": Sum(),
    "scaled": Scaled(),
}


@pytest.mark.parametrize("name", LINEAR)
def test_linear_operations_square_their_jacobian(name):
    module = LINEAR[name]
    if isinstance(module, nn.BatchNorm2d):
        module.running_var.fill_(0.3)
        nn.init.uniform_(module.weight, 1, 2, generator=torch.Generator().manual_seed(0))
    x = torch.randn(2, 2, 5, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    module, mean, variance, found = behind(module, x)
    jacobian = torch.autograd.functional.jacobian(module, mean).reshape(-1, mean.numel())
    torch.testing.assert_close(found[0], module(mean))
    torch.testing.assert_close(found[1], (jacobian.square() @ variance.flatten()).view(found[0].shape))


class Highest(nn.Module):
    def forward(self, x):
        return x.amax((1, 3))


MAXIMA = {
    "plain": nn.MaxPool2d(2),
    "overlapping, padded": nn.MaxPool2d(3, stride=2, padding=1),
    "ceil, dilated": nn.MaxPool2d((2, 3), stride=(2, 1), dilation=(1, 2), ceil_mode=True),
    "adaptive": nn.AdaptiveMaxPool2d((3, 4)),
    "amax": Highest(),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", MAXIMA)
def test_maximum_of_certain_values_is_plain_pooling(name, dtype):
    x = torch.randn(2, 2, 5, 6, generator=torch.Generator().manual_seed(1)).to(dtype)
    module = borrow(MAXIMA[name])
    (call,) = trace(module, x)
    mean, variance = RULES[call.operation](call, [(x, torch.zeros_like(x))])
    torch.testing.assert_close(mean, module(x))
    assert variance.abs().max() == 0


def test_padding_of_half_precision():
    """What stands for padding, and its square, are finite numbers of that type, too."""
    x = torch.tensor([[[-203.0, -200.0, -205.0, -207.0]]], dtype=torch.float16)
    module = borrow(nn.MaxPool1d(3, stride=2, padding=1))
    (call,) = trace(module, x)
    mean, variance = RULES[call.operation](call, [(x, torch.zeros_like(x))])
    assert mean.tolist() == [[[-200, -200]]]
    assert variance.abs().max() == 0


def test_maximum_of_a_window_is_a_tournament():
    x = torch.randn(1, 1, 4, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    _, mean, variance, found = behind(nn.MaxPool1d(3, stride=1, padding=1), x)

    def of(*places):
        values = [(mean[..., place], variance[..., place]) for place in places]
        return larger(larger(values[0], values[1]), values[2]) if len(values) == 3 else larger(*values)

    for window, wanted in enumerate([of(0, 1), of(0, 1, 2), of(1, 2, 3), of(2, 3)]):
        torch.testing.assert_close(found[0][..., window], wanted[0])
        torch.testing.assert_close(found[1][..., window], wanted[1])


def test_maximum_of_a_window_against_draws():
    """Not exact for more than two, but near."""
    x = torch.zeros(1, 1, 4, 4, dtype=torch.float64)
    _, mean, variance, found = behind(nn.MaxPool2d(2), x)
    noise = torch.randn(100_000, 1, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    drawn = F.max_pool2d(mean + variance.sqrt() * noise, 2)
    torch.testing.assert_close(found[0][0], drawn.mean(0), rtol=0, atol=0.02)
    torch.testing.assert_close(found[1][0], drawn.var(0), rtol=0.1, atol=0.01)
