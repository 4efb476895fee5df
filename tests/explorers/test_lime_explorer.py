"""What the LIME explorer shows of its segments, against the method itself; and what it does not ask twice."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from small import LABELS, MASKS, settle, small_net, small_pictures
from torch import nn

from xaiwidgets.colors import picture
from xaiwidgets.explorers import LimeExplorer
from xaiwidgets.methods.fills import hidden
from xaiwidgets.methods.lime import lime
from xaiwidgets.methods.lime_fit import cosine_distance, fit_surrogate, kernel
from xaiwidgets.methods.superpixels import superpixels

FEW = {"samples": 60, "seeds": 3, "method": "grid", "segments": 9}
SETTINGS = {"samples": 60, "fill": "mean", "output": "probability"}


class Counting(nn.Module):
    """A net that counts the inputs it was asked about; copies count with it."""

    def __init__(self, net):
        super().__init__()
        self.net, self.asked = net, [0]

    def __deepcopy__(self, memo):
        copied = memo[id(self)] = Counting(deepcopy(self.net, memo))
        copied.asked = self.asked
        return copied

    def forward(self, x):
        self.asked[0] += len(x)
        return self.net(x)


def choose(explorer, **values):
    explorer.choices.values = values
    settle(explorer)


@pytest.fixture(scope="module")
def opened():
    made = LimeExplorer(Counting(small_net()), small_pictures(), labels=LABELS, masks=MASKS)
    choose(made, **FEW)
    made.first = made.choices.values
    yield made
    made.close()


@pytest.fixture
def explorer(opened):
    """On its first picture and class, all segments on, each seed asked."""
    opened.gallery.selected = 0
    opened.scores.selected = 0
    opened.leave_picture()
    choose(opened, **opened.first)
    opened.update()
    settle(opened)
    return opened


def x_of(explorer):
    return explorer.data.images[:1]


def labels_of(explorer):
    return superpixels(x_of(explorer)[0], "grid", 9)


def pick(explorer, *segments):
    """Click into each of these segments."""
    for segment in segments:
        row, column = (labels_of(explorer) == segment).nonzero()[0].tolist()
        explorer.input.picked = (row, column)
        settle(explorer)


def shown_weights(explorer, count=9):
    """The weights of all segments, as far as the bars show them."""
    weights = np.zeros(count)
    weights[explorer.views.order] = explorer.views.weights.values
    return weights


def test_the_weights_are_those_of_lime_and_the_error_bars_its_spread(explorer):
    found = lime(explorer.model, x_of(explorer), 0, segments=labels_of(explorer), repeats=3, seed=0, **SETTINGS)
    np.testing.assert_allclose(shown_weights(explorer), found.weights, rtol=1e-5)
    spread = np.zeros(9)
    spread[explorer.views.order] = explorer.views.weights.errors
    np.testing.assert_allclose(spread, found.spread, rtol=1e-5)
    np.testing.assert_allclose(explorer.maps.views[0].heatmap, found.map(), rtol=1e-5)
    caption = explorer.maps.views[0].caption
    assert f"fidelity R² {found.r2:.2f}\nintercept {found.intercept:.3f}" in caption
    assert f"spread {float(found.spread.mean()):.3f}" in caption
    assert (np.diff(np.abs(explorer.views.weights.values)) <= 0).all()


def test_a_click_hides_a_segment_and_a_second_click_shows_it_again(explorer):
    x, labels = x_of(explorer), labels_of(explorer)
    pick(explorer, 4, 7)
    seen = hidden(x, (labels == 4) | (labels == 7), "mean")
    np.testing.assert_array_equal(explorer.input.image, picture(seen[0]))
    probabilities = explorer.model(seen).softmax(1)[0]
    np.testing.assert_allclose(explorer.scores.values, probabilities.detach(), rtol=1e-5)
    np.testing.assert_allclose(explorer.views.compared.values[0], probabilities[0].item(), rtol=1e-5)
    np.testing.assert_array_equal(explorer.input.outline, ((labels == 4) | (labels == 7)).numpy())
    assert "2 of 9 segments off" in explorer.input.caption
    assert explorer.input.picked is None
    pick(explorer, 4, 7)
    np.testing.assert_array_equal(explorer.input.image, picture(x[0]))


def test_the_linear_model_predicts_the_sum_of_what_is_on(explorer):
    found = lime(explorer.model, x_of(explorer), 0, segments=labels_of(explorer), seed=0, **SETTINGS)
    pick(explorer, 0, 5)
    on = torch.ones(9, dtype=torch.float64)
    on[[0, 5]] = 0
    expected = float(found.weights @ on) + found.intercept
    assert explorer.views.compared.values[1] == pytest.approx(expected, rel=1e-5)
    assert f"linear model {100 * expected:.1f} %" in explorer.summary()


def test_a_click_asks_the_network_for_one_picture_only(explorer):
    asked, before = explorer.model.asked, explorer.model.asked[0]
    pick(explorer, 3)
    assert asked[0] - before == 1


@pytest.mark.parametrize(
    "fit",
    [{"kernel_width": 2.0}, {"penalty": 0.01}, {"features": 3}, {"regression": "lasso", "penalty": 1e-3}],
    ids=str,
)
def test_a_change_of_the_fit_asks_no_sample_again(explorer, fit):
    found = lime(explorer.model, x_of(explorer), 0, segments=labels_of(explorer), seed=0, **SETTINGS)
    before = explorer.model.asked[0]
    choose(explorer, **fit)
    assert explorer.model.asked[0] - before == 1
    counts = kernel(cosine_distance(found.masks), fit.get("kernel_width", 0.25))
    given = {"penalty": 1.0} | {name: value for name, value in fit.items() if name != "kernel_width"}
    expected = fit_surrogate(found.masks, found.scores, counts, **given)
    np.testing.assert_allclose(shown_weights(explorer), expected.weights, rtol=1e-5, atol=1e-9)
    assert f"R² {expected.r2:.2f}" in explorer.maps.views[0].caption


def test_more_seeds_ask_for_the_new_ones_only(explorer):
    before = explorer.model.asked[0]
    choose(explorer, seeds=4)
    assert 60 <= explorer.model.asked[0] - before < 120
    before = explorer.model.asked[0]
    choose(explorer, seeds=2)
    assert explorer.model.asked[0] - before == 1
    choose(explorer, seeds=1)
    assert explorer.views.weights.errors.size == 0


@pytest.mark.parametrize("changed", [{"samples": 61}, {"fill": "black"}, {"output": "score"}, {"segments": 4}], ids=str)
def test_what_changes_the_samples_asks_again(explorer, changed):
    before = explorer.model.asked[0]
    choose(explorer, **changed)
    assert explorer.model.asked[0] - before >= 3 * 60
    settings = SETTINGS | {name: value for name, value in changed.items() if name in SETTINGS}
    labels = superpixels(x_of(explorer)[0], "grid", changed.get("segments", 9))
    found = lime(explorer.model, x_of(explorer), 0, segments=labels, seed=0, **settings)
    np.testing.assert_allclose(explorer.maps.views[0].heatmap, found.map(), rtol=1e-5, atol=1e-9)


def test_other_segments_and_other_pictures_begin_whole(explorer):
    pick(explorer, 1)
    choose(explorer, segments=4)
    assert "0 of 4 segments off" in explorer.input.caption
    explorer.input.picked = (0, 0)
    settle(explorer)
    explorer.gallery.selected = 2
    settle(explorer)
    assert "0 of 4 segments off" in explorer.input.caption
    np.testing.assert_array_equal(explorer.input.image, picture(explorer.data.images[2]))
    assert explorer.scores.selected == 2


def press(explorer, name):
    values = explorer.views.actions.values
    explorer.views.actions.values = {name: values[name] + 1}
    settle(explorer)


def test_the_buttons_switch_segments(explorer):
    weights = shown_weights(explorer)
    press(explorer, "positive")
    assert explorer.off == set(np.flatnonzero(weights <= 0).tolist())
    assert 0 < len(explorer.off) < 9
    press(explorer, "all")
    assert explorer.off == frozenset()
    press(explorer, "switch")
    assert "choose a segment first" in explorer.status.message
    explorer.views.weights.selected = 2
    segment = explorer.views.order[2]
    np.testing.assert_array_equal(explorer.maps.views[0].outline, (labels_of(explorer) == segment).numpy())
    press(explorer, "switch")
    assert explorer.off == {segment}
    assert explorer.views.weights.names[2] == f"segment {segment} (off)"
    assert explorer.views.weights.selected == 2


def test_another_class_is_explained(explorer):
    explorer.scores.selected = 3
    settle(explorer)
    found = lime(explorer.model, x_of(explorer), 3, segments=labels_of(explorer), seed=0, **SETTINGS)
    np.testing.assert_allclose(explorer.maps.views[0].heatmap, found.map(), rtol=1e-5)
    assert explorer.views.compared.label.startswith("3 in the picture")


def test_an_error_of_the_model_is_shown_and_recovered_from(explorer):
    weight, explorer.model.net[3].weight = explorer.model.net[3].weight, None
    explorer.update()
    assert explorer.wait(20)
    explorer.choices.values = {"samples": 80}
    assert explorer.wait(20)
    assert (explorer.status.state, "model failed on inputs" in explorer.status.error) == ("error", True)
    explorer.model.net[3].weight = weight
    choose(explorer, samples=70)
    assert explorer.views.weights.values.size == 9
