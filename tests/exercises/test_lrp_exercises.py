"""Exercises of notebook 08: right answers written otherwise, and slips that no list foresees."""

import pytest
import torch

from xaiwidgets.exercises import EXERCISES, check


def said(id, answer, state):
    message = check(id, answer)
    assert message.state == state, message
    return repr(message)


def sent_back(z, s, x):
    """What a backward pass through `z(x)` makes of `s`."""
    x = x.clone().requires_grad_()
    return torch.autograd.grad((z(x) * s).sum(), x)[0]


def by_gradient(x, W, b, R, epsilon):
    z = x @ W.T + b
    z = z + epsilon * (2.0 * (z >= 0) - 1)
    return x * sent_back(lambda a: a @ W.T + b, R / z, x)


def by_contributions(x, W, b, R, epsilon):
    contributions = x[:, None, :] * W  # one for each output and input
    z = contributions.sum(dim=2) + b
    z = torch.where(z < 0, z - epsilon, z + epsilon)
    return (contributions * (R / z)[:, :, None]).sum(dim=1)


def zplus_by_gradient(x, w, R):
    w = torch.relu(w)
    z = torch.conv2d(x, w)
    return x * sent_back(lambda a: torch.conv2d(a, w), torch.where(z > 0, R / z, 0), x)


def zplus_with_a_layer(x, w, R):
    layer = torch.nn.Conv2d(w.shape[1], w.shape[0], w.shape[2:], bias=False, dtype=w.dtype)
    layer.weight.data = w.clamp(min=0)
    return zplus_by_gradient(x, layer.weight.detach(), R)


def zb_by_least(x, W, R, low, high):
    least = torch.minimum(low * W, high * W)
    above = x[:, None, :] * W - least
    return (above / above.sum(dim=2, keepdim=True) * R[:, :, None]).sum(dim=1)


def shares_in_a_loop(R, masks):
    return torch.stack([R[:, mask].sum() / R.sum() for mask in masks])


def by_hand(layers, x, c):
    def scores(a):
        for W, b in layers[:-1]:
            a = torch.relu(a @ W.T + b)
        return a @ layers[-1][0].T + layers[-1][1]

    return x * sent_back(lambda a: scores(a)[:, c], 1.0, x)


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        ("08.1", by_gradient),
        ("08.1", by_contributions),
        ("08.2", zplus_by_gradient),
        ("08.2", zplus_with_a_layer),
        ("08.3", zb_by_least),
        ("08.4", shares_in_a_loop),
        ("08.5", by_hand),
    ],
)
def test_right_answers_written_otherwise(id, answer):
    said(id, answer, "correct")


def test_weights_changed_in_place():
    def answer(x, w, R):
        z = torch.conv2d(x, w.clamp_(min=0))
        return x * torch.conv_transpose2d(R / (z + 1e-9), w)

    assert "changes its argument `w` in place" in said("08.2", answer, "not yet")


def test_a_shape_mistake_names_the_line():
    def answer(x, W, R, low, high):
        return x * (R @ W.T)

    assert "in line" in said("08.3", answer, "error")


@pytest.mark.parametrize("id", ["08.1", "08.2", "08.3", "08.4", "08.5"])
def test_an_unlisted_mistake_names_place_and_numbers(id):
    right = EXERCISES[id].solution
    lines = said(id, lambda *case: 0.5 * right(*case), "not yet").splitlines()
    assert len(lines) == 2  # the law's sentence, no diagnosis
    assert "should be" in lines[1]
