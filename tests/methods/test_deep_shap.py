"""DeepSHAP: the mean of DeepLIFT; exact Shapley values where the model adds up; its sum."""

import pytest
import torch
from asked import BY_TYPE, TYPES, Stop, leaves_everything_as_it_is, linear
from nets import NETS, net
from torch import nn

from xaiwidgets.backward import UnknownOperationError
from xaiwidgets.methods.deep_shap import deep_shap
from xaiwidgets.methods.deeplift import deeplift
from xaiwidgets.methods.shapley import exact_shapley
from xaiwidgets.methods.shapley_games import table_game
from xaiwidgets.progress import listening


def usual(x, rows=4):
    return torch.randn(rows, *x.shape[1:], generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(x)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", NETS)
def test_the_mean_over_the_background_and_its_sum(name, dtype):
    model, x, target = net(name, dtype)
    background = usual(x)
    found = deep_shap(model, x, target, background=background)
    wanted = sum(deeplift(model, x, target, baseline=each) for each in background) / len(background)
    torch.testing.assert_close(found, wanted, **BY_TYPE[dtype])
    rise = (model(x.clone()) - model(background.clone()).mean(0)).detach().gather(1, target[:, None])[:, 0]
    torch.testing.assert_close(found.flatten(1).sum(1), rise, **BY_TYPE[dtype])


def test_one_row_is_deeplift():
    model, x, target = net("max pooling")
    baseline = usual(x, 1)
    torch.testing.assert_close(
        deep_shap(model, x, target, background=baseline), deeplift(model, x, target, baseline=baseline)
    )


def test_shapley_values_of_a_model_that_adds_up():
    """A ReLU for each input: no interplay, so DeepLIFT's slopes are exact, and the mean is the game's."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Conv1d(1, 6, 1), nn.ReLU(), nn.Flatten(), nn.Linear(30, 3)).double()
    x = usual(torch.zeros(1, 1, 5, dtype=torch.float64), 2)
    background = usual(x, 9) + 0.3
    flat = nn.Sequential(nn.Unflatten(1, (1, 5)), model)
    for row, label in zip(x, (0, 2), strict=True):
        found = deep_shap(model, row[None], label, background=background)
        exact = exact_shapley(table_game(flat, row, label, background=background[:, 0]))
        torch.testing.assert_close(found[0, 0], exact, rtol=1e-9, atol=1e-12)


def test_a_linear_model():
    model, weight = linear((2, 3, 4))
    x = usual(torch.zeros(1, 2, 3, 4, dtype=torch.float64), 3)
    background = usual(x, 5) - 1
    found = deep_shap(model, x, 1, background=background)
    torch.testing.assert_close(found, weight[1] * (x - background.mean(0)), rtol=1e-10, atol=1e-12)


def test_leaves_everything_as_it_is():
    leaves_everything_as_it_is(lambda model, x, target: deep_shap(model, x, target, background=usual(x, 2)))


def test_pairs_of_picture_and_baseline_come_in_small_pieces():
    """So that Cancel is heard soon; the first piece, of which nothing is known yet, is one pair."""
    model, x, target = net("max pooling")
    heard = []

    class Heard(Stop):
        def progressed(self, label, done, total):
            heard.append((done, total))

    with listening(Heard()):
        deep_shap(model, x, target, background=usual(x, 50))
    assert heard[:2] == [(0, 150), (1, 150)]
    assert heard[-1] == (150, 150)


@pytest.mark.parametrize(
    ("error", "message", "background"),
    [
        (TypeError, r"background must be a tensor or an array \(M, …\), got NoneType", None),
        (ValueError, r"background must be one or more inputs of shape \(7,\), got shape \(2, 3\)", torch.zeros(2, 3)),
        (ValueError, r"background must be one or more inputs", torch.zeros(0, 7)),
        (ValueError, r"background must be finite", torch.full((2, 7), torch.nan)),
    ],
)
def test_bad_input(error, message, background):
    model, x, target = net("dense")
    with pytest.raises(error, match=message):
        deep_shap(model, x, target, background=background)


def test_operations_without_a_rule_are_named():
    model, x, target = net("dense")
    with pytest.raises(UnknownOperationError, match="softmax"):
        deep_shap(nn.Sequential(model, nn.Softmax(1)), x, target, background=usual(x))
