"""Other right answers to the exercises of notebook 07, and near misses."""

import pytest
import torch
from scipy.stats import rankdata, spearmanr
from torch.nn import functional as F

from xaiwidgets.exercises import check


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z)
        return z.clamp(min=0)

    @staticmethod
    def backward(ctx, r):
        (z,) = ctx.saved_tensors
        return r * (z > 0) * (r > 0)


class DeconvolutionReLU(GuidedReLU):
    @staticmethod
    def backward(ctx, r):
        return r * (r > 0)


def explained(f, x, c, relu):
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(f(x, relu)[:, c].sum(), x)[0]


def hook_before_the_gate(z):
    z.register_hook(lambda r: r.clamp(min=0))  # what autograd's gate let through, cut at zero: the same
    return F.relu(z)


def hook_returns_nothing(z):
    a = F.relu(z)
    a.register_hook(lambda r: None)
    return a


@pytest.mark.parametrize("relu", [GuidedReLU.apply, hook_before_the_gate])
def test_other_ways_to_the_guided_map(relu):
    assert check("07.2", lambda f, x, c: explained(f, x, c, relu)).state == "correct"


def test_a_function_of_autograd_for_deconvolution():
    answer = check("07.3", lambda f, x, c: explained(f, x, c, DeconvolutionReLU.apply))
    assert answer.state == "correct"


def test_a_hook_that_returns_nothing_changes_nothing():
    message = check("07.2", lambda f, x, c: explained(f, x, c, hook_returns_nothing))
    assert message.state == "not yet"
    assert "This is the gradient" in message.lines[0]


@pytest.mark.parametrize(
    "rule",
    [
        lambda z, r: torch.where((z > 0) & (r > 0), r, 0),
        lambda z, r: r.clamp(min=0) * (z > 0),
        lambda z, r: F.relu(r) * F.relu(z).sign(),
    ],
)
def test_other_ways_to_write_the_rule(rule):
    assert check("07.1", rule).state == "correct"


@pytest.mark.parametrize(
    "correlation",
    [
        lambda a, b: spearmanr(a.flatten(), b.flatten()).statistic,
        lambda a, b: torch.corrcoef(torch.tensor([rankdata(a.flatten()), rankdata(b.flatten())]))[0, 1],
    ],
)
def test_other_ways_to_a_rank_correlation(correlation):
    assert check("07.4", correlation).state == "correct"


def test_a_relu_that_leaves_the_graph_is_an_error_with_the_students_line():
    message = check("07.2", lambda f, x, c: explained(f, x, c, lambda z: z.detach().clamp(min=0)))
    assert message.state == "error"
    assert "does not require grad" in message.lines[0]
