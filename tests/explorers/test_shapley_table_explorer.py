"""Shapley values of the columns of a table."""

import numpy as np
import pytest
import torch
from small import leaves_nothing, settle
from torch import nn

from xaiwidgets.explorers import ShapleyTableExplorer
from xaiwidgets.explorers.shapley_table_data import course_table, measures_of

COLUMNS = ["length", "width", "depth", "mass"]
GROUPS = {"mass": ["mass"], "size": ["length", "depth", "width"]}


def rows(seed=0, count=7):
    return torch.randn(count, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def linear(seed=0):
    torch.manual_seed(seed)
    return nn.Linear(4, 3).double()


@pytest.fixture
def explorer():
    made = ShapleyTableExplorer(
        linear(), rows(), background=rows(1, 5), columns=COLUMNS, groups=GROUPS, class_names=["a", "b", "c"]
    )
    yield made
    made.close()


def contributions(model, row, target):
    """`w_i (x_i - mean b_i)`, the Shapley values of a linear model; `size` holds the first three columns."""
    parts = (model.weight[target] * (rows()[row] - rows(1, 5).mean(0))).detach()
    return np.array([float(parts[3]), float(parts[:3].sum())])


def test_a_linear_model_gives_weight_times_difference(explorer):
    for row, target in ((0, 1), (3, 2)):
        explorer.choices.values = {"row": row}
        explorer.scores.selected = target
        settle(explorer)
        np.testing.assert_allclose(explorer.panel.bars.marks, contributions(linear(), row, target), rtol=1e-5)
        np.testing.assert_allclose(explorer.panel.bars.values, explorer.panel.bars.marks, rtol=1e-5)
        np.testing.assert_allclose(explorer.panel.bars.errors, 0, atol=1e-6)
        np.testing.assert_allclose(explorer.scores.values, linear()(rows()[row]).detach(), rtol=1e-5)
    assert explorer.panel.bars.names == ["mass", "size"]


def test_a_row_begins_with_its_predicted_or_its_true_class(explorer):
    predicted = linear()(rows()).argmax(1)
    for row in range(3):
        explorer.choices.values = {"row": row}
        settle(explorer)
        assert explorer.scores.selected == int(predicted[row])
        assert explorer.scores.highlight is None
    known = ShapleyTableExplorer(linear(), rows(), labels=torch.tensor([2, 0, 1, 0, 0, 0, 0]))
    assert (known.scores.selected, known.scores.highlight) == (2, 2)
    known.close()


def test_the_worth_of_a_coalition_is_the_mean_over_the_background(explorer):
    explorer.coalition.values = {"members": ["mass"]}
    mixed = rows(1, 5)
    mixed[:, 3] = rows()[0, 3]
    worth = float(linear()(mixed)[:, explorer.scores.selected].mean().detach())
    assert f"v(S) = {worth:.3f}".rstrip("0").replace("-", "−") in explorer.worth.value
    assert "1 of 2 take part" in explorer.worth.value


def test_a_callable_of_arrays_is_asked_in_the_unit_wanted():
    def positive(x):
        return 1 / (1 + np.exp(-x @ np.array([1.0, -2.0, 0.0, 3.0])))

    explorer = ShapleyTableExplorer(lambda x: np.stack([1 - positive(x), positive(x)], 1), rows().numpy())
    explorer.scores.selected = 1
    explorer.choices.values = {"output": "log-odds"}
    settle(explorer)
    shuffled = rows()[torch.randperm(7, generator=torch.Generator().manual_seed(0))]
    expected = torch.tensor([1.0, -2.0, 0.0, 3.0]) * (rows()[0] - shuffled.mean(0))
    np.testing.assert_allclose(explorer.panel.bars.marks, expected, atol=1e-5)
    assert explorer.panel.bars.names == [f"column {i}" for i in range(1, 5)]
    explorer.close()


def test_it_opens_on_the_course_and_the_classifier_is_chosen():
    explorer = ShapleyTableExplorer()
    assert len(explorer.panel.bars.names) == 10
    forest = explorer.panel.bars.marks.copy()
    table = course_table("breast cancer", "random forest")
    start = table.model(table.rows[:1].numpy())[0, explorer.scores.selected]
    base = table.model(table.background.numpy())[:, explorer.scores.selected].mean()
    assert forest.sum() == pytest.approx(start - base, rel=1e-5)
    explorer.choices.values = {"classifier": "logistic regression"}
    settle(explorer)
    assert np.abs(explorer.panel.bars.marks - forest).max() > 0.01
    assert "classifier logistic regression: 10 players" in explorer.summary()
    explorer.close()


def test_columns_of_one_kind_are_one_player():
    assert measures_of(["mean radius", "radius error", "worst radius", "mean area"]) == {
        "radius": (0, 1, 2),
        "area": (3,),
    }
    wine = course_table("wine", "logistic regression")
    assert len(wine.groups) == 11
    assert sorted(place for places in wine.groups.values() for place in places) == list(range(13))
    assert (torch.as_tensor(wine.model(wine.rows.numpy())).argmax(1) == wine.labels).float().mean() > 0.9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rows": None}, "model and rows must be given together"),
        ({"rows": [[1.0]]}, "rows must be an array or a tensor .*got list"),
        ({"rows": rows()[0]}, r"rows must be \(N, D\), at least one row and column, got shape \(4,\)"),
        ({"background": rows()[:, :3]}, "background must have the 4 columns of rows, got 3"),
        ({"columns": ["a", "b"]}, "columns must be 4 different names, got 2"),
        ({"class_names": ["a"]}, "class_names must name the model's 3 classes, got 1 names"),
        ({"labels": torch.zeros(2)}, "labels must be one a row, 7, got 2"),
        ({"columns": COLUMNS, "groups": {"all": ["length"]}}, "groups must hold each of the 4 columns once, got 1"),
        ({"groups": {"all": ["height"]}}, "groups has columns that the table has not: height"),
        ({"model": None, "rows": None, "table": "iris"}, "table must be one of breast cancer, wine, got 'iris'"),
    ],
)
def test_bad_input_is_named(arguments, message):
    given = {"model": linear(), "rows": rows(), **arguments}
    with pytest.raises((TypeError, ValueError), match=message):
        ShapleyTableExplorer(given.pop("model"), given.pop("rows"), **given)


def test_closing_leaves_no_widget_and_no_thread():
    leaves_nothing(
        lambda: ShapleyTableExplorer(linear(), rows()),
        lambda explorer: explorer.choices.set_trait("values", {"row": 2}),
    )
