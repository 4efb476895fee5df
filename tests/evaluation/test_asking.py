"""Occlusion, LIME and Shapley values as methods of a table, against their formulas."""

from itertools import permutations

import pytest
import torch

from xaiwidgets.evaluation.asking import ASKING, EVERY_METHOD
from xaiwidgets.evaluation.property_nets import plain
from xaiwidgets.methods import ATTRIBUTIONS

MODEL, X, TARGET = plain(3, count=3)


def worth(n, members):
    """The score of input n with only these values present."""
    row = torch.zeros(1, 6, dtype=torch.float64)
    row[0, list(members)] = X[n, list(members)]
    return float(MODEL(row)[0, TARGET[n]])


def test_occlusion_takes_one_value_away():
    found = ASKING["Occlusion"](MODEL, X, TARGET)
    for n in range(3):
        wanted = [worth(n, range(6)) - worth(n, set(range(6)) - {d}) for d in range(6)]
        torch.testing.assert_close(found[n], torch.tensor(wanted, dtype=torch.float64))


def test_shapley_values_are_the_mean_over_all_orders():
    found = ASKING["Shapley values"](MODEL, X[:1], TARGET[:1])[0]
    values = {(): worth(0, ())}
    total = [0.0] * 6
    for order in permutations(range(6)):
        for place, d in enumerate(order):
            before, after = tuple(sorted(order[:place])), tuple(sorted(order[: place + 1]))
            for key in (before, after):
                if key not in values:
                    values[key] = worth(0, key)
            total[d] += (values[after] - values[before]) / 720
    torch.testing.assert_close(found, torch.tensor(total, dtype=torch.float64))


def test_lime_is_weighted_ridge_regression():
    found = ASKING["LIME"](MODEL, X[1:2], TARGET[1:2])[0]
    masks = [[(b >> d) & 1 for d in range(6)] for b in range(64)]
    scores = torch.tensor([worth(1, [d for d in range(6) if mask[d]]) for mask in masks], dtype=torch.float64)
    design = torch.cat([torch.tensor(masks), torch.ones(64, 1)], 1).double()
    distance = 1 - (design[:, :6].sum(1) / 6).sqrt()
    near = (-(distance**2) / 0.25**2).exp().sqrt()
    penalty = torch.diag(torch.tensor([64 / 1000] * 6 + [0.0], dtype=torch.float64))
    wanted = torch.linalg.solve(design.T @ (near[:, None] * design) + penalty, design.T @ (near * scores))
    torch.testing.assert_close(found, wanted[:6], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["Shapley, 8 orders", "KernelSHAP, 24 coalitions"])
def test_estimates_sum_up_and_are_near(name):
    found, exact = (ASKING[each](MODEL, X, TARGET) for each in (name, "Shapley values"))
    torch.testing.assert_close(found.sum(1), exact.sum(1))
    gap = float((found - exact).abs().mean() / exact.abs().mean())
    assert 0 < gap < 0.3
    torch.testing.assert_close(ASKING[name](MODEL, X, TARGET), found, rtol=1e-9, atol=1e-12)


def test_one_class_for_all_inputs():
    for method in ASKING.values():
        torch.testing.assert_close(method(MODEL, X, 1), method(MODEL, X, torch.tensor([1, 1, 1])))


def test_every_method_holds_all_of_them():
    assert {*ATTRIBUTIONS, *ASKING, "LRP z+"} <= set(EVERY_METHOD)
    assert not set(ATTRIBUTIONS) & set(ASKING)


class Added(torch.nn.Module):
    """Adds up each row, and notes how many rows it is asked about at once."""

    largest = 0

    def forward(self, x):
        Added.largest = max(Added.largest, len(x))
        return torch.stack([x.sum(1), -x.sum(1)], 1)


@pytest.mark.parametrize("name", ASKING)
def test_a_table_of_one_column(name):
    x = torch.tensor([[3.0], [-2.0]])
    torch.testing.assert_close(ASKING[name](Added(), x, 0), x, rtol=0.005, atol=0)  # LIME has a penalty


def test_all_coalitions_are_not_in_one_batch():
    Added.largest = 0
    x = torch.linspace(-1, 1, 14)[None]
    torch.testing.assert_close(ASKING["Shapley values"](Added(), x, 0), x)
    assert 0 < Added.largest <= 4096
