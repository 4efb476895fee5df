"""What the explorer of a local fit shows, against numbers worked out by other means."""

import numpy as np
import pytest
import torch
from ipywidgets.widgets.widget import _instances
from nets import snapshot
from small import leaves_nothing, settle
from torch import nn

from xaiwidgets.explorers import LocalFitExplorer
from xaiwidgets.explorers.lime_neighbourhood import noise
from xaiwidgets.explorers.lime_planes import PLANES


def flat(x):
    """A score that is linear: every fit is exact."""
    return 2 * x[:, 0] - 3 * x[:, 1] + 0.5


def choose(explorer, **values):
    explorer.choices.values = values
    settle(explorer)


@pytest.fixture(scope="module")
def opened():
    made = LocalFitExplorer()
    yield made
    made.close()


def test_a_linear_score_is_fitted_exactly_at_every_radius():
    explorer = LocalFitExplorer(flat, point=(0.2, -0.4))
    choose(explorer, penalty=1e-6)
    np.testing.assert_allclose(explorer.slopes.values, [2, -3], rtol=1e-5)
    np.testing.assert_allclose(explorer.slopes.marks, [2, -3], rtol=1e-5)
    np.testing.assert_allclose(explorer.slopes.errors, [0, 0], atol=1e-5)
    np.testing.assert_allclose(explorer.curves.series, 1, atol=1e-5)
    for a, b, c in explorer.plane.lines[:2]:  # the fit, and the gradient: where 2 x - 3 y + 0.5 = 0
        np.testing.assert_allclose(np.array([b, c]) / a, [-1.5, -0.25], rtol=1e-4)
    assert "fidelity R² 1.000 · cosine with the gradient 1.000" in explorer.plane.caption
    explorer.close()


def test_the_fit_is_a_weighted_least_squares_fit_of_the_samples(opened):
    choose(opened, plane="wave", output="probability", epsilon=0.3, samples=50, kernel_width=2.0, penalty=1e-6)
    opened.plane.point = (0.1, 0.3)
    settle(opened)
    z = noise(50, 0).numpy()
    points = np.array([0.1, 0.3]) + 0.3 * z
    np.testing.assert_allclose(opened.plane.points, points, rtol=1e-5, atol=1e-6)
    scores = PLANES["wave"].function(points)[:, 1]
    counts = np.sqrt(np.exp(-(z**2).sum(1) / 2.0**2))
    design = np.sqrt(counts)[:, None] * np.column_stack([np.ones(50), points - [0.1, 0.3]])
    b, *slope = np.linalg.lstsq(design, np.sqrt(counts) * scores, rcond=None)[0]
    np.testing.assert_allclose(opened.slopes.values, slope, rtol=1e-4)
    left = (counts * (scores - b - (points - [0.1, 0.3]) @ slope) ** 2).sum()
    r2 = 1 - left / (counts * (scores - np.average(scores, weights=counts)) ** 2).sum()
    assert f"fidelity R² {r2:.3f}" in opened.plane.caption
    line = opened.plane.lines[0]
    np.testing.assert_allclose(line, [*slope, np.dot(slope, [0.1, 0.3]) + 0.5 - b], rtol=1e-4)
    np.testing.assert_array_equal(opened.plane.shapes, scores < 0.5)
    assert (np.argsort(opened.plane.sizes) == np.argsort(counts)).mean() > 0.9
    np.testing.assert_allclose(opened.plane.opacities.max(), 1)


@pytest.mark.parametrize(("name", "a", "b"), [("wave", -0.45 * 4 * np.cos(4 * 0.3), 1), ("island", -0.6, -0.8)])
def test_the_gradient_is_that_of_the_formula(opened, name, a, b):
    choose(opened, plane=name, output="log-odds")
    opened.plane.point = (0.3, 0.4)
    settle(opened)
    np.testing.assert_allclose(opened.slopes.marks, np.array([a, b]) * {"wave": 6, "island": 12}[name], rtol=1e-4)


def test_as_the_radius_shrinks_the_fit_becomes_the_gradient_and_a_wide_one_does_not(opened):
    choose(opened, plane="two moons", output="probability", kernel_width=1.5, penalty=1e-6, samples=120)
    opened.plane.point = PLANES["two moons"].point
    settle(opened)
    r2, cosine = opened.curves.series
    assert r2[0] > 0.99
    assert cosine[0] > 0.999
    assert cosine[-1] < 0.9
    assert r2[-1] < 0.9


def test_the_field_is_the_score_in_the_middle_of_each_cell(opened):
    choose(opened, plane="saddle", output="log-odds")
    view, rows, columns = opened.plane, np.array([0, 10, 79]), np.array([5, 0, 79])
    x = view.x_limits[0] + (columns + 0.5) / 80 * np.ptp(view.x_limits)
    y = view.y_limits[1] - (rows + 0.5) / 80 * np.ptp(view.y_limits)
    np.testing.assert_allclose(view.field[rows, columns], 10 * x * y, rtol=1e-5)
    assert (view.level, view.contour_name) == (0.0, "boundary, log-odds 0")


def test_the_line_in_the_curves_and_the_slider_are_one(opened):
    choose(opened, plane="wave", epsilon=0.2)
    assert opened.curves.marker == pytest.approx(0.2)
    assert np.isclose(opened.curves.x, 0.2).any()
    opened.curves.marker = 0.5
    settle(opened)
    assert opened.choices.values["epsilon"] == pytest.approx(0.5)
    assert opened.plane.radius == pytest.approx(0.5)


def test_other_seeds_are_drawn_as_thin_lines_if_wanted(opened):
    choose(opened, others=True)
    assert len(opened.plane.lines) == 9
    choose(opened, others=False)
    assert len(opened.plane.lines) == len(opened.plane.line_names) == 2


def test_another_function_begins_at_its_own_point(opened):
    choose(opened, plane="island")
    assert opened.plane.point == PLANES["island"].point
    assert opened.plane.title == "Local linear fit: island"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_torch_model_of_two_inputs_is_served_and_left_as_found(dtype):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Dropout(), nn.Linear(8, 3)).to(dtype).train()
    before = snapshot(model)
    explorer = LocalFitExplorer(model, target=2, limits=((-2, 2), (-1, 3)), point=(0.5, 1), names=("width", "height"))
    x = torch.tensor([[0.5, 1.0]], dtype=dtype, requires_grad=True)
    model.eval()(x).softmax(1)[0, 2].backward()
    np.testing.assert_allclose(explorer.slopes.marks, x.grad[0].numpy(), rtol=2e-2, atol=1e-4)
    assert explorer.slopes.names == ["width", "height"]
    explorer.close()
    model.zero_grad()
    for parameter in model.parameters():
        parameter.grad = None
    assert snapshot(model.train()) == before


def test_a_classifier_of_scikit_learn_is_served_and_a_flat_place_is_named():
    from sklearn.datasets import make_moons
    from sklearn.tree import DecisionTreeClassifier

    data, labels = make_moons(100, noise=0.1, random_state=0)
    tree = DecisionTreeClassifier(max_depth=3, random_state=0).fit(data, labels)
    explorer = LocalFitExplorer(tree.predict_proba, limits=((-2, 3), (-1.5, 2)))
    assert "the gradient is zero here" in explorer.plane.caption
    assert explorer.plane.title == "Local linear fit: model"
    explorer.close()


def test_an_error_of_the_model_is_shown_and_recovered_from():
    broken = []
    explorer = LocalFitExplorer(lambda x: np.full(len(x), np.nan) if broken else x[:, 0])
    broken.append(1)
    explorer.plane.point = (0.5, 0.5)
    assert explorer.wait(20)
    assert (explorer.status.state, "model must return finite scores" in explorer.status.error) == ("error", True)
    broken.clear()
    explorer.plane.point = (0.1, 0.1)
    settle(explorer)
    np.testing.assert_allclose(explorer.slopes.marks, [1, 0], atol=1e-6)
    explorer.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"limits": ((1, -1), (0, 1))}, r"limits must be two pairs \(low, high\), low below high, got \(\(1, -1\)"),
        ({"point": (3, 0)}, r"point must be two numbers within the limits .*, got \(3, 0\)"),
        ({"names": "ab"}, "names must be two texts, got 'ab'"),
        ({"model": lambda x: np.full((len(x), 2), np.nan)}, "model must return finite scores"),
        ({"model": nn.Linear(3, 2)}, "model failed on inputs"),
    ],
)
def test_bad_arguments_are_named_and_leave_no_widget(arguments, message):
    before = set(_instances)
    with pytest.raises((ValueError, TypeError, RuntimeError), match=message):
        LocalFitExplorer(**{"model": flat} | arguments)
    assert set(_instances) == before


def test_a_saved_notebook_keeps_an_accessible_picture(opened):
    bundle = opened._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert "cosine with the gradient" in data["text/html"]
    assert len(data["text/html"]) < 100_000
    assert data["text/plain"] == opened.summary()


def test_closing_leaves_no_widget_and_no_thread():
    leaves_nothing(LocalFitExplorer, lambda explorer: explorer.plane.set_trait("point", (0.5, 0.5)))
