"""LIME for rows of a table: against models whose answer is known, and its laws."""

import numpy as np
import pytest
import torch
from asked import classifier, linear
from nets import net, snapshot
from sklearn.ensemble import RandomForestClassifier

from xaiwidgets.methods.lime_fit import fit_surrogate
from xaiwidgets.methods.tabular_lime import tabular_lime


def table(columns=4, rows=50):
    data = torch.randn(rows, columns, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return data * torch.linspace(0.5, 4, columns, dtype=torch.float64) + 1


def test_weights_of_a_linear_model_are_slopes_per_standard_deviation():
    model, weight = linear((4,))
    data = table()
    data[:, 2] = 5.0  # a column that never changes has no scale; its own unit stands in
    found = tabular_lime(model, data[:1], 1, data=data, penalty=0.0, samples=50, output="score")
    scale = torch.tensor([data[:, 0].std(correction=0), data[:, 1].std(correction=0), 1, data[:, 3].std(correction=0)])
    torch.testing.assert_close(found.weights, weight[1] * scale.double(), rtol=1e-6, atol=0)
    assert found.r2 == pytest.approx(1)
    assert found.intercept == pytest.approx(found.score)


@pytest.mark.parametrize("radius", [0.3, 1.0])
def test_the_samples_lie_around_the_row_and_count_by_distance(radius):
    model, x, _ = net("dense")
    data = table(7)
    found = tabular_lime(model, x[:1], 2, data=data, radius=radius, samples=4000)
    assert found.masks[0].eq(0).all()
    torch.testing.assert_close(found.masks[1:].std(0), torch.full((7,), radius).double(), rtol=0.1, atol=0)
    rows = x[:1] + found.masks * data.std(0, correction=0)
    torch.testing.assert_close(found.scores, model(rows).softmax(1)[:, 2].detach(), rtol=1e-9, atol=1e-12)
    squares = found.masks.square().sum(1)
    torch.testing.assert_close(found.distance_weights, (-squares / (2 * 0.75**2 * 7)).exp())
    again = fit_surrogate(found.masks, found.scores, found.distance_weights)
    torch.testing.assert_close(found.weights, again.weights)


def test_a_forest_that_looks_at_one_column():
    data = table().numpy()
    forest = RandomForestClassifier(20, random_state=0).fit(data, data[:, 1] > 1)
    middle = np.ones((1, 4))
    found = tabular_lime(forest.predict_proba, middle, 1, data=data, samples=500)
    assert found.weights.argmax() == 1
    assert found.weights[1] > 10 * found.weights[[0, 2, 3]].abs().max()
    only = tabular_lime(forest.predict_proba, middle, 1, data=data, samples=500, features=1)
    assert only.surrogate.features.tolist() == [1]


def test_the_spread_of_one_run_foretells_that_of_many():
    model, x = classifier()
    one = tabular_lime(model.predict_proba, x[:1], 1, data=x, samples=300)
    many = tabular_lime(model.predict_proba, x[:1], 1, data=x, samples=300, repeats=30)
    assert 0.6 < one.spread.mean() / many.spread.mean() < 1.6


def test_a_frame_will_do_for_data():
    pandas = pytest.importorskip("pandas")
    model, x = classifier()
    frame = pandas.DataFrame(x)
    found = tabular_lime(model.predict_proba, x[:1], 1, data=frame, samples=50)
    assert torch.equal(found.weights, tabular_lime(model.predict_proba, x[:1], 1, data=x, samples=50).weights)


def test_everything_stays_as_it_was():
    model, x, _ = net("dense")
    model.train()
    before, given, state = snapshot(model), x.clone(), torch.random.get_rng_state()
    weights = [tabular_lime(model, x[:1], 0, data=table(7), samples=100).weights for _ in range(2)]
    assert torch.equal(weights[0], weights[1])
    assert snapshot(model) == before
    assert torch.equal(x, given)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"data": table(5)}, r"data must be two or more rows \(M, 7\), got shape \(50, 5\)"),
        ({"data": table(7)[:1]}, "data must be two or more rows"),
        ({"data": table(7) * np.nan}, "data must be finite"),
        ({"kernel_width": 0.0}, "kernel_width must be a number from 0.001"),
        ({"radius": 10.0}, "the kernel counts only 1.2 of 5000 samples: widen it .* or take a smaller radius"),
        ({"radius": 1000.0}, "the kernel counts only 1.0 of 5000 samples"),
        ({"radius": 0.0}, "radius must be a number from"),
        ({"features": 8}, r"features \(K\) must be from 1 to 7"),
        ({"samples": 6, "penalty": 0.0}, "samples must determine 7 weights"),
    ],
)
def test_wrong_arguments_are_named(wrong, text):
    model, x, _ = net("dense")
    with pytest.raises(ValueError, match=text):
        tabular_lime(**{"model": model, "x": x[:1], "target": 0, "data": table(7), **wrong})


def test_a_picture_is_no_row():
    model, x, _ = net("max pooling")
    with pytest.raises(ValueError, match=r"x must be one row of a table, \(1, D\)"):
        tabular_lime(model, x[:1], 0, data=table(7))
