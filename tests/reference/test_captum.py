"""Raw values against Captum, in float64."""

import pytest
import torch
from captum.attr import InputXGradient, IntegratedGradients, NoiseTunnel, Saliency
from nets import NETS, net

from xaiwidgets.methods.gradients import gradient, gradient_x_input, integrated_gradients, smoothgrad

every_net = pytest.mark.parametrize("name", NETS)
close = {"rtol": 1e-9, "atol": 1e-12}


def with_gradient(x):
    return x.clone().requires_grad_()


class Copying(torch.nn.Module):
    """Captum hands its own leaf to the model; an in-place first operation needs a copy."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(x.clone())


@every_net
def test_gradient(name):
    model, x, target = net(name)
    expected = Saliency(Copying(model)).attribute(with_gradient(x), target=target, abs=False)
    torch.testing.assert_close(gradient(model, x, target), expected, **close)


@every_net
def test_gradient_x_input(name):
    model, x, target = net(name)
    expected = InputXGradient(Copying(model)).attribute(with_gradient(x), target=target).detach()
    torch.testing.assert_close(gradient_x_input(model, x, target), expected, **close)


# Captum keeps its steps in float32, hence the tolerance. Its "riemann_trapezoid" is not compared: it weights n nodes
# by 1/n, so that its weights do not sum to 1.
@every_net
@pytest.mark.parametrize(
    ("rule", "method"),
    [
        ("midpoint", "riemann_middle"),
        ("left", "riemann_left"),
        ("right", "riemann_right"),
        ("gauss-legendre", "gausslegendre"),
    ],
)
def test_integrated_gradients(name, rule, method):
    model, x, target = net(name)
    baseline = torch.full_like(x, 0.2)
    expected = IntegratedGradients(Copying(model)).attribute(x, baseline, target=target, n_steps=30, method=method)
    found = integrated_gradients(model, x, target, baseline=baseline, steps=30, rule=rule)
    torch.testing.assert_close(found, expected.detach(), rtol=1e-5, atol=1e-7)


@every_net
def test_smoothgrad(name):
    """Captum draws its own noise, with an absolute standard deviation: the means of many draws are compared."""
    model, x, target = net(name)
    x, target = x[:1], target[:1]
    torch.manual_seed(7)
    sigma = float(0.1 * (x.max() - x.min()))
    expected = NoiseTunnel(Saliency(Copying(model))).attribute(
        with_gradient(x),
        nt_type="smoothgrad",
        nt_samples=4000,
        nt_samples_batch_size=500,
        stdevs=sigma,
        target=target,
        abs=False,
    )
    draws = [smoothgrad(model, x, target, samples=250, noise=0.1, seed=seed) for seed in range(16)]
    mean, spread = torch.stack(draws).mean(0), torch.stack(draws).std(0) / 16**0.5
    # Both are means of 4,000 draws; their difference has sqrt(2) times the standard error of one.
    z = (mean - expected).abs() / (2**0.5 * spread + 1e-12)
    assert z.square().mean() < 3
    assert torch.nn.functional.cosine_similarity(mean.flatten(), expected.flatten(), dim=0) > 0.99
