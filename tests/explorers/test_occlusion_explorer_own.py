"""The occlusion explorer on a user's own model, callable and pictures; what it refuses, and what it leaves behind."""

import re

import numpy as np
import pytest
import torch
from ipywidgets.widgets.widget import _instances
from nets import snapshot
from occlusion_parts import choose, lay, small_explorer
from small import leaves_nothing, settle, small_net, small_pictures

from xaiwidgets.explorers import OcclusionExplorer
from xaiwidgets.explorers.occlusion_explorer import MODES
from xaiwidgets.methods.occlusion import occluded, occlusion

X = small_pictures()[:1]
MEAN = np.random.default_rng(3).normal(size=(120, 3))


def predict_proba(pictures: np.ndarray) -> np.ndarray:
    """What a scikit-learn classifier would answer."""
    odds = np.exp(pictures.reshape(len(pictures), -1) @ MEAN / 10)
    return odds / odds.sum(1, keepdims=True)


def decision(pictures: np.ndarray) -> np.ndarray:
    """Scores that are no probabilities."""
    return pictures.reshape(len(pictures), -1) @ MEAN


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("channels", [1, 3])
def test_plain_tensors_are_served_and_the_model_is_left_as_found(dtype, channels):
    model = small_net(channels).to(dtype).train()
    before, state = snapshot(model), torch.random.get_rng_state()
    explorer = OcclusionExplorer(model, small_pictures(channels))
    assert explorer.input.middle == (6, 5), "the middle of the picture, where nobody told where the object is"
    x = small_pictures(channels)[:1].to(dtype)
    target = explorer.scores.selected
    assert target == int(model(x).argmax())
    explorer.values |= {"steps": 5, "resolution": 2}
    for mode in ("map", "wipe", "learned mask", "occluder"):
        choose(explorer, mode=mode)
    expected = model(occluded(x, (6, 5), 2, "square", "blur")).softmax(1)[0]
    np.testing.assert_allclose(explorer.views.bars[1].values, expected.detach(), rtol=1e-5)
    explorer.close()
    assert snapshot(model) == before
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_callable_that_returns_probabilities_is_served():
    explorer = OcclusionExplorer(predict_proba, small_pictures(), class_names=["a", "b", "c"], labels=torch.ones(5))
    lay(explorer, (3, 3))
    choose(explorer, window=5)
    expected = predict_proba(occluded(X, (3, 3), 5).numpy())[0]
    np.testing.assert_allclose(explorer.scores.values, expected, rtol=1e-5)
    assert explorer.scores.notation == "percent"
    choose(explorer, mode="map")
    found = occlusion(predict_proba, X, 1, window=5, stride=2, output="probability")[0]
    np.testing.assert_allclose(explorer.maps.views[0].heatmap, found, rtol=1e-4, atol=1e-6)
    choose(explorer, mode="wipe")
    assert explorer.views.curves.series[0, 0] == pytest.approx(predict_proba(X.numpy())[0, 1], rel=1e-4)
    explorer.close()


def test_a_callable_has_no_learned_mask_and_the_widget_says_why():
    explorer = OcclusionExplorer(predict_proba, small_pictures(), mode="learned mask")
    view = explorer.maps.views[0]
    assert view.notice == "a plain callable has no gradient"
    assert "give a torch model" in view.caption
    assert view.heatmap.size == 0
    assert [item["name"] for item in explorer.choices.specification] == ["mode"]
    np.testing.assert_allclose(explorer.scores.values, predict_proba(X.numpy())[0], rtol=1e-5)
    assert len(explorer.panels()) == 2
    explorer.close()


def test_scores_of_a_callable_that_are_no_probabilities_are_shown_as_they_are():
    explorer = OcclusionExplorer(decision, small_pictures())
    expected = decision(occluded(X, (6, 5), 2).numpy())[0]
    np.testing.assert_allclose(explorer.scores.values, expected, rtol=1e-4)
    assert explorer.scores.label == "Score: choose a class"
    choose(explorer, unit="probability")
    np.testing.assert_allclose(explorer.scores.values, torch.tensor(expected).softmax(0), rtol=1e-4)
    explorer.close()


def test_a_model_of_one_score_has_one_unit():
    explorer = OcclusionExplorer(lambda pictures: decision(pictures)[:, 0], small_pictures())
    assert "unit" not in explorer.choices.values
    for mode in ("map", "wipe"):
        choose(explorer, mode=mode)
    assert explorer.views.curves.title.startswith("Score of 0")
    explorer.close()


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"mode": "erase"}, ValueError, "mode must be one of 'occluder', 'map', 'wipe', 'learned mask', got 'erase'"),
        ({"class_names": ["a", "b"]}, ValueError, "class_names must name the model's 4 classes, got 2 names"),
        ({"model": 3}, TypeError, "model must be a torch.nn.Module or a callable, got int"),
        ({"model": lambda x: x}, ValueError, r"model must return logits \(N, K\), got shape \(1, 1, 12, 10\)"),
        ({"model": lambda x: np.full((len(x), 4), np.nan)}, ValueError, "model must return finite scores"),
    ],
)
def test_bad_arguments_are_named(arguments, kind, message):
    before = set(_instances)
    with pytest.raises(kind, match=message):
        small_explorer(**arguments)
    assert set(_instances) == before


def test_what_a_callable_does_wrong_later_is_shown_and_recovered_from():
    broken = []
    explorer = OcclusionExplorer(lambda x: predict_proba(x) * (np.nan if broken else 1), small_pictures())
    for mode in MODES:
        choose(explorer, mode=mode)
        broken.append(True)
        explorer.update()
        assert explorer.wait(60)
        assert "model must return finite scores, got NaN" in explorer.status.error
        broken.clear()
        explorer.update()
        settle(explorer)
    explorer.close()


def test_a_model_without_gradient_says_so_when_it_shall_learn():
    class Table(torch.nn.Module):
        def forward(self, x):
            return torch.from_numpy(decision(x.detach().numpy()))

    explorer = OcclusionExplorer(Table(), small_pictures().double())
    explorer.choices.values = {"mode": "learned mask"}
    assert explorer.wait(60)
    assert "model must be differentiable" in explorer.status.error
    choose(explorer, mode="map")
    explorer.close()


def test_a_picture_of_the_reader_is_added_and_the_occluder_stays():
    explorer = small_explorer()
    lay(explorer, (9, 1))
    explorer.gallery.added = np.full((12, 10, 3), 200, np.uint8)
    settle(explorer)
    x = torch.full((1, 1, 12, 10), 200 / 255)
    np.testing.assert_allclose(
        explorer.scores.values, explorer.model(occluded(x, (9, 1), 2)).softmax(1)[0].detach(), rtol=1e-4
    )
    assert explorer.scores.highlight is explorer.views.bars[1].highlight is None
    for mode in ("map", "wipe"):
        choose(explorer, mode=mode)
        assert "inside" not in explorer.maps.views[0].caption
    explorer.close()


@pytest.mark.parametrize("mode", MODES)
def test_a_saved_notebook_keeps_an_accessible_picture(mode):
    explorer = small_explorer(mode=mode)
    bundle = explorer._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    alt = re.search(r'<img alt="([^"]+)"', data["text/html"]).group(1)
    assert "Explained class: ant" in alt
    assert "→" in alt or mode == "map"
    assert len(data["text/html"]) < 150_000
    assert data["text/plain"] == explorer.summary()
    explorer.close()


def use(explorer):
    """All that a reader can do."""
    explorer.values |= {"steps": 5, "resolution": 2}
    for mode in ("map", "wipe", "learned mask", "occluder"):
        choose(explorer, mode=mode)
        explorer.gallery.selected = 1 - explorer.gallery.selected


def test_closing_leaves_no_widget_and_no_thread():
    leaves_nothing(small_explorer, use)


def test_long_use_makes_no_widget():
    explorer = small_explorer()
    use(explorer)
    settle(explorer)
    before = set(_instances)
    for place in range(100):
        explorer.input.middle = (place % 12, place % 10)
    use(explorer)
    settle(explorer)
    assert set(_instances) == before
    explorer.close()
