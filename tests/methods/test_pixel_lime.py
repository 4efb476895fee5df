"""LIME on pixels: the gradient where the neighbourhood is small, least squares where it is not, and its laws."""

import math

import numpy as np
import pytest
import torch
from asked import classifier, leaves_everything_as_it_is, linear, same_in_two_threads
from nets import NETS, net
from torch import nn
from torch.nn import functional as F

from xaiwidgets.methods.gradients import gradient
from xaiwidgets.methods.hadamard import Design
from xaiwidgets.methods.pixel_lime import pixel_lime


def cosine(a, b):
    return F.cosine_similarity(a.double().flatten(), b.double().flatten(), 0).item()


def block_means(values, cells):
    """The mean of each block, on each of its values; (1, C, H, W)."""
    found = torch.empty_like(values)
    rows, columns = (torch.arange(length) * cells // length for length in values.shape[2:])
    for i in range(cells):
        for j in range(cells):
            block = (rows == i)[:, None] & (columns == j)
            found[..., block] = values[..., block].mean(-1, keepdim=True)
    return found


class Smooth(nn.Module):
    """Slopes everywhere, and curvature."""

    def forward(self, x):
        x = x.flatten(1)
        scale = torch.linspace(-1, 2, x.shape[1], dtype=x.dtype)
        return torch.stack([(x * scale).sum(1), (scale * x + 0.3).sin().sum(1) * (1 + x[:, 0] * x[:, 1])], 1)


@pytest.mark.parametrize("samples", [None, 400])
@pytest.mark.parametrize("name", NETS)
def test_with_a_small_epsilon_it_is_the_gradient(name, samples):
    model, x, target = net(name)
    x, target = x[:1], target[0].item()
    found = pixel_lime(model, x, target, epsilon=1e-6, samples=samples)
    assert found.weights.shape == x.shape
    torch.testing.assert_close(found.weights, gradient(model, x, target), rtol=1e-5, atol=1e-7)
    assert found.r2 == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("cells", [1, 3, 8])
def test_cells_learn_the_mean_slope_of_their_block(cells):
    model, x, target = net("functional ReLU")
    x, target = x[:1], target[0].item()
    found = pixel_lime(model, x, target, epsilon=1e-6, cells=cells)
    wanted = block_means(gradient(model, x, target), cells)
    torch.testing.assert_close(found.weights, wanted, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(found.map(), wanted[0].sum(0), rtol=1e-5, atol=1e-7)
    assert len(found.surrogate.weights) == 2 * cells**2


def test_the_error_falls_with_epsilon():
    x = torch.randn(1, 20, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    slope = gradient(Smooth(), x, 1)
    errors = [(pixel_lime(Smooth(), x, 1, epsilon=e).weights - slope).norm().item() for e in (0.1, 0.01, 0.001)]
    # Pairs of opposite points leave an error of second order: a hundredth for each tenth.
    assert errors[0] / errors[1] == pytest.approx(100, rel=0.2)
    assert errors[1] / errors[2] == pytest.approx(100, rel=0.2)


def test_a_complete_design_is_the_least_squares_fit_to_its_samples():
    x = torch.randn(1, 20, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    design = Design.drawn(20, seed=3)
    rows = design.rows(torch.arange(design.order))
    torch.testing.assert_close(rows.T @ rows, design.order * torch.eye(20, dtype=torch.float64))
    noise = torch.stack([rows, -rows], 1).flatten(0, 1)
    scores = Smooth()(x + 0.5 * noise)[:, 1]
    for penalty in (0.0, 9.0):
        found = pixel_lime(Smooth(), x, 1, epsilon=0.5, penalty=penalty, seed=3)
        torch.testing.assert_close(found.scores, scores)
        normal = noise.T @ noise + penalty * torch.eye(20, dtype=torch.float64)
        weights = torch.linalg.solve(normal, noise.T @ (scores - scores.mean()))
        torch.testing.assert_close(found.weights[0], weights / 0.5, rtol=1e-9, atol=1e-12)
        residual = scores - scores.mean() - noise @ weights
        assert found.r2 == pytest.approx(
            1 - residual.square().sum().item() / (len(scores) * scores.var(correction=0)).item()
        )


def test_k_and_the_lasso_are_the_same_on_both_designs():
    """A linear model, and so many samples of noise that its columns are nearly orthogonal, too."""
    model, weight = linear((12,))
    x = torch.zeros(1, 12, dtype=torch.float64)
    largest = weight[0].abs().topk(4).indices.sort().values
    for samples in (None, 5000):
        few = pixel_lime(model, x, 0, features=4, samples=samples)
        assert torch.equal(few.surrogate.features, largest)
        torch.testing.assert_close(few.weights[0, largest], weight[0, largest], rtol=0.1, atol=0)
        lasso = pixel_lime(model, x, 0, epsilon=1.0, penalty=0.05, regression="lasso", samples=samples)
        shrunk = weight[0].sign() * (weight[0].abs() - 0.05).clamp(min=0)
        torch.testing.assert_close(lasso.weights[0], shrunk, rtol=0, atol=0.02 if samples else 1e-12)


@pytest.mark.parametrize("samples", [30, 90, 200])
def test_few_samples_see_few_directions(samples):
    """With ridge, the cosine with the gradient is about the root of samples over weights."""
    model, weight = linear((300,))
    found = [
        cosine(
            pixel_lime(
                model, torch.zeros(1, 300).double(), 0, samples=samples, penalty=1e-6, output="score", seed=seed
            ).weights,
            weight[0],
        )
        for seed in range(12)
    ]
    assert sum(found) / 12 == pytest.approx(math.sqrt(samples / 300), rel=0.1)


@pytest.mark.parametrize("samples", [None, 400])
def test_the_spread_of_one_run_foretells_that_of_many(samples):
    model, x, _ = net("functional ReLU")
    one = pixel_lime(model, x[:1], 0, epsilon=0.5, samples=samples)
    many = pixel_lime(model, x[:1], 0, epsilon=0.5, samples=samples, repeats=25)
    assert one.spread.shape == x[:1].shape
    assert 0.7 < one.spread.mean() / many.spread.mean() < 1.5
    torch.testing.assert_close(one.weights, many.weights)


def test_the_spread_of_the_complete_design_shrinks_with_ridge_alone():
    x = torch.randn(1, 20, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    plain = pixel_lime(Smooth(), x, 1, epsilon=0.5)
    ridge = pixel_lime(Smooth(), x, 1, epsilon=0.5, penalty=128.0)
    assert len(plain.scores) == 128
    torch.testing.assert_close(ridge.spread, plain.spread / 2)
    lasso = pixel_lime(Smooth(), x, 1, epsilon=0.5, penalty=100.0, regression="lasso")
    assert lasso.weights.eq(0).all()
    torch.testing.assert_close(lasso.spread, plain.spread)


def test_few_samples_are_fitted_though_resamples_cannot_be():
    model, weight = linear((20,))
    found = pixel_lime(model, torch.zeros(1, 20, dtype=torch.float64), 0, samples=25)
    torch.testing.assert_close(found.weights[0], weight[0], rtol=1e-5, atol=1e-6)
    assert found.spread.isnan().all()


def test_a_classifier_of_scikit_learn():
    model, x = classifier()
    found = pixel_lime(model.predict_proba, x[:1], 1, epsilon=1e-4, output="log-odds")
    np.testing.assert_allclose(found.weights, model.coef_, rtol=1e-5)


def test_everything_stays_as_it_was():
    def explain(model, x, target):
        return [pixel_lime(model, x[[i]], int(target[i])).weights for i in range(2)]

    leaves_everything_as_it_is(explain)
    same_in_two_threads(lambda *given: torch.stack(explain(*given)))


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        ({"epsilon": 0.0}, ValueError, "epsilon must be a number from 1e-06"),
        ({"samples": 144}, ValueError, "samples must be more than 144, the number of weights, got 144"),
        ({"samples": 1, "penalty": 1.0}, ValueError, "samples must be 2 or more"),
        ({"samples": 2.5}, TypeError, "samples must be an integer or None"),
        ({"cells": 9}, ValueError, "cells must be from 1 to 8"),
        ({"cells": "4"}, TypeError, "cells must be an integer or None"),
        ({"features": 145}, ValueError, r"features \(K\) must be from 1 to 144"),
        ({"penalty": -1.0}, ValueError, "penalty must be a number from 0"),
        (
            {"x": torch.zeros(1, 7, dtype=torch.float64), "cells": 2, "model": net("dense")[0]},
            ValueError,
            "for a table",
        ),
    ],
)
def test_wrong_arguments_are_named(wrong, error, text):
    model, x, _ = net("max pooling")
    with pytest.raises(error, match=text):
        pixel_lime(**{"model": model, "x": x[:1], "target": 0, **wrong})
