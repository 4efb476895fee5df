"""Right answers that are written otherwise than the solutions, and the methods of the package itself."""

import pytest
import torch

import xaiwidgets.methods.gradients as methods
from xaiwidgets.exercises import check
from xaiwidgets.exercises.gradients import gradient


def quadrature(alphas, weights):
    def integrated_gradients(f, x, baseline, c, steps):
        points = [baseline + a * (x - baseline) for a in alphas(steps)]
        parts = [weight * gradient(f, point, c) for weight, point in zip(weights(steps), points, strict=True)]
        return sum(parts) * (x - baseline)

    return integrated_gradients


def ones(steps):
    return [1 / steps] * steps


RULES = {
    "left": quadrature(lambda steps: torch.arange(steps) / steps, ones),
    "right": quadrature(lambda steps: (torch.arange(steps) + 1) / steps, ones),
    "trapezoid": quadrature(
        lambda steps: torch.linspace(0, 1, steps + 1, dtype=torch.float64),
        lambda steps: [0.5 / steps, *[1 / steps] * (steps - 1), 0.5 / steps],
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_any_quadrature_rule_will_do(rule):
    message = check("05.3", RULES[rule])
    assert message.state == "correct", message


def test_all_steps_in_one_batch():
    def integrated_gradients(f, x, baseline, c, steps):
        alphas = ((torch.arange(steps) + 0.5) / steps).view(-1, *[1] * x.dim())
        points = (baseline + alphas * (x - baseline)).flatten(0, 1)
        return gradient(f, points, c).view(steps, *x.shape).mean(dim=0) * (x - baseline)

    assert check("05.3", integrated_gradients).state == "correct"


def test_smoothgrad_with_noise_of_ones_own():
    generator = torch.Generator().manual_seed(3)

    def smoothgrad(f, x, c, sigma, samples):
        noise = torch.randn((samples, *x.shape), generator=generator, dtype=x.dtype)
        return gradient(f, (x + sigma * noise).flatten(0, 1), c).view(samples, *x.shape).mean(dim=0)

    message = check("05.5", smoothgrad)
    assert message.state == "correct", message


def test_a_gradient_by_backward_on_a_copy():
    def gradient(f, x, c):
        x = x.clone().requires_grad_()
        f(x)[:, c].sum().backward()
        return x.grad

    assert check("05.1", gradient).state == "correct"


def test_numbers_of_python_will_do():
    def flip_rate(model, images, changed):
        pairs = zip(model(images).argmax(1).tolist(), model(changed).argmax(1).tolist(), strict=True)
        return sum(a != b for a, b in pairs) / len(images)

    assert check("00.2", flip_rate).state == "correct"


METHODS = {
    "05.1": methods.gradient,
    "05.2": methods.gradient_x_input,
    "05.3": lambda f, x, baseline, c, steps: methods.integrated_gradients(f, x, c, baseline=baseline, steps=steps),
    "05.4": lambda f, x, root, c: methods.simple_taylor(f, x, c, root=root),
}


@pytest.mark.parametrize("id", METHODS)
def test_the_packages_own_methods_are_right(id):
    message = check(id, METHODS[id])
    assert message.state == "correct", message
