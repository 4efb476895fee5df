"""Shapley values against shap, in float64, raw values.

- ExactExplainer and KernelExplainer explain a function of rows; `table_game` with the same background is the same game.
- KernelExplainer regularizes unless told otherwise, and its weighted fit is of all coalitions only if its budget is.
- DeepExplainer explains nets of modules that it knows, each used once: tests/support/twins.py; adaptive pooling as in
  test_deeplift_references.py.
"""

import math
import warnings

import numpy as np
import pytest
import torch
from asked import classifier
from nets import NETS, net
from twins import twin

from xaiwidgets.methods.deep_shap import deep_shap
from xaiwidgets.methods.kernel_shap import kernel_shap
from xaiwidgets.methods.shapley import exact_shapley
from xaiwidgets.methods.shapley_games import picture_game, table_game
from xaiwidgets.methods.shapley_sampling import permutation_shapley

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of matplotlib, while shap is imported
    import shap

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array_wrap__ must accept:DeprecationWarning",  # shap and numpy 2
)
close = {"rtol": 1e-9, "atol": 1e-12}
ADAPTIVE = "one channel"


def usual(x, rows=6):
    return torch.randn(rows, *x.shape[1:], dtype=x.dtype, generator=torch.Generator().manual_seed(1))


def of_rows(model, target):
    """The score of one class as a function from rows to numbers."""
    return lambda rows: model(torch.from_numpy(np.ascontiguousarray(rows))).detach().numpy()[:, target]


def by_exact_explainer(function, x, background):
    masker = shap.maskers.Independent(background, max_samples=len(background))
    return shap.explainers.ExactExplainer(function, masker)(x).values[0]


def test_exact_on_a_net():
    model, x, target = net("dense")
    background = usual(x)
    for row, label in zip(x, target.tolist(), strict=True):
        game = table_game(model, row[None], label, background=background)
        expected = by_exact_explainer(of_rows(model, label), row[None].numpy(), background.numpy())
        torch.testing.assert_close(exact_shapley(game), torch.from_numpy(expected), **close)


def test_exact_on_a_classifier():
    model, x = classifier()
    game = table_game(model.predict_proba, x[:1], 1, background=x[1:])
    expected = by_exact_explainer(lambda rows: model.predict_proba(rows)[:, 1], x[:1], x[1:])
    torch.testing.assert_close(exact_shapley(game), torch.from_numpy(expected), **close)


@pytest.mark.parametrize("name", [name for name in NETS if name != "dense"])
def test_exact_on_parts_of_a_picture(name):
    """The players as columns of 0 and 1, to which shap's background is all 0."""
    model, x, target = net(name)
    x, label = x[:1], int(target[0])
    places = x.shape[2:] or x.shape[1:]
    labels = torch.arange(places.numel()).view(places) * 8 // places.numel()

    def mixed(rows):
        present = torch.from_numpy(rows)[:, labels]
        return of_rows(model, label)((x * present.view(len(rows), *[1] * (x.ndim - 1 - labels.ndim), *places)).numpy())

    expected = by_exact_explainer(mixed, np.ones((1, 8)), np.zeros((1, 8)))
    game = picture_game(model, x, label, labels, fill=0.0)
    torch.testing.assert_close(exact_shapley(game), torch.from_numpy(expected), **close)


def test_kernel_shap_of_all_coalitions():
    model, x, target = net("dense")
    background, label = usual(x), int(target[0])
    game = table_game(model, x[:1], label, background=background)
    explainer = shap.KernelExplainer(of_rows(model, label), background.numpy())
    expected = explainer.shap_values(x[:1].numpy(), nsamples=2**10, l1_reg=False, silent=True)[0]
    found = kernel_shap(game)
    torch.testing.assert_close(found.values, torch.from_numpy(expected), **close)
    torch.testing.assert_close(found.values, exact_shapley(game), **close)


def test_sampling_agrees_with_shap_within_its_error():
    """shap's PermutationExplainer draws its own orders; ours differ from it by no more than both errors."""
    model, x, target = net("dense")
    background, label = usual(x), int(target[0])
    found = permutation_shapley(table_game(model, x[:1], label, background=background), permutations=200)
    exact = by_exact_explainer(of_rows(model, label), x[:1].numpy(), background.numpy())
    off = (found.values - torch.from_numpy(exact)) / found.standard_error
    assert off.abs().max() < 4
    assert off.square().mean() < math.e


@pytest.mark.parametrize("name", NETS)
def test_deep_shap(name):
    model, x, target = net(name)
    if name == ADAPTIVE:
        model[2] = torch.nn.MaxPool2d(3)
    background = usual(x)
    values = shap.DeepExplainer(twin(model), background).shap_values(x.clone())
    expected = torch.stack([torch.as_tensor(values[i, ..., int(c)]) for i, c in enumerate(target)])
    torch.testing.assert_close(deep_shap(model, x, target, background=background), expected, rtol=1e-9, atol=1e-12)
