"""Wiping and the learned mask in the occlusion explorer, against the methods themselves."""

import numpy as np
import pytest
import torch
from occlusion_parts import choose, recorded, small_explorer
from small import MASKS, settle, small_pictures

from xaiwidgets.colors import picture
from xaiwidgets.evaluation import deletion_curve, insertion_curve
from xaiwidgets.explorers.maps import share_inside
from xaiwidgets.explorers.occlusion_learned import EVERY, LEARNED
from xaiwidgets.explorers.occlusion_wipe import CURVE_STEPS, SAMPLES
from xaiwidgets.methods.fills import fill_picture, hidden
from xaiwidgets.methods.meaningful_perturbation import learning_masks
from xaiwidgets.methods.occlusion import occlusion
from xaiwidgets.methods.random_occlusion import kept, random_occlusion

X = small_pictures()[:1]


@pytest.fixture
def explorer():
    made = small_explorer()
    yield made
    made.close()


def probabilities(explorer, x):
    with torch.no_grad():
        return explorer.model(x).softmax(1)[0]


def order_of(explorer, ranking="occlusion", fill="black"):
    if ranking == "occlusion":
        return occlusion(explorer.model, X, 0, window=1, fill=fill)
    return random_occlusion(explorer.model, X, 0, samples=SAMPLES, fill=fill)


@pytest.mark.parametrize("ranking", ["occlusion", "random occlusion"])
@pytest.mark.parametrize(("wiped", "share", "fill"), [("most", 0.25, "black"), ("rest", 0.4, "blur")])
def test_the_pixels_go_in_the_order_of_the_map(explorer, ranking, wiped, share, fill):
    choose(explorer, mode="wipe")
    choose(explorer, wiped=wiped, share=share, fill=fill, ranking=ranking)
    order = order_of(explorer, ranking, fill)
    where = kept(order, share) if wiped == "most" else ~kept(order, share)
    expected = hidden(X, where, fill)
    np.testing.assert_array_equal(explorer.views.wiped.image, picture(expected[0]))
    np.testing.assert_allclose(explorer.scores.values, probabilities(explorer, expected), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(explorer.maps.views[0].heatmap, order[0], rtol=1e-3, atol=1e-5)
    assert f"{share_inside(order[0], MASKS[0]):.0%} inside the object" in explorer.maps.views[0].caption
    assert f"({share:.0%} by {ranking})" in explorer.summary()


def test_the_curves_are_those_of_deletion_and_insertion(explorer):
    choose(explorer, mode="wipe", fill="grey")
    view, order = explorer.views.curves, order_of(explorer, fill="grey")
    for row, curve in zip(view.series, (deletion_curve, insertion_curve), strict=True):
        expected = curve(explorer.model, X, 0, order, steps=CURVE_STEPS, fill="grey")[0]
        np.testing.assert_allclose(row, expected, rtol=1e-4, atol=1e-6)
    assert (view.names, view.marker) == (["wiped", "only these left"], pytest.approx(0.1))
    assert explorer.views.curves in explorer.middle.children


def test_the_share_is_set_at_the_curves_too_and_nothing_is_ranked_again(explorer):
    choose(explorer, mode="wipe")
    ranking = explorer.result.ranking[1]
    explorer.views.curves.marker = 0.5
    settle(explorer)
    assert explorer.choices.values["share"] == 0.5
    assert explorer.result.ranking[1] is ranking
    where = kept(ranking[None], 0.5)
    np.testing.assert_array_equal(explorer.views.wiped.image, picture(hidden(X, where)[0]))
    explorer.scores.selected = 2
    settle(explorer)
    assert explorer.result.ranking[1] is not ranking


def test_the_brush_wipes_more_and_alone(explorer):
    painted = np.zeros((12, 10), np.uint8)
    painted[1:4, 2:6] = 1
    choose(explorer, mode="wipe")
    explorer.views.wiped.brushed = painted
    settle(explorer)
    brushed = torch.from_numpy(painted)[None].bool()
    both = hidden(X, kept(order_of(explorer), 0.1) | brushed)
    np.testing.assert_allclose(explorer.scores.values, probabilities(explorer, both), rtol=1e-4)
    choose(explorer, wiped="brush", fill="mean", radius=4)
    np.testing.assert_allclose(
        explorer.scores.values, probabilities(explorer, hidden(X, brushed, "mean")), rtol=1e-4, atol=1e-6
    )
    view = explorer.views.wiped
    assert (view.tool, view.radius) == ("brush", 4)
    np.testing.assert_array_equal(view.fill, picture(fill_picture("mean", X)[0]))
    assert [panel.title for panel in explorer.panels()] == ["Input", "What is left"]
    explorer.gallery.selected = 1
    settle(explorer)
    assert view.brushed.size == 0
    np.testing.assert_array_equal(view.image, picture(small_pictures()[1]))


def learned(explorer, **settings):
    """The last frame that the method gives for the settings of the explorer."""
    arguments = {name: explorer.choices.values[name] for name in LEARNED} | {"every": EVERY} | settings
    *_, frame = learning_masks(explorer.model, X, 0, **arguments)
    return frame


@pytest.mark.parametrize(("game", "title"), [("deletion", "Deleted"), ("preservation", "Preserved")])
def test_the_learned_mask_is_that_of_the_method_and_appears_step_by_step(explorer, monkeypatch, game, title):
    explorer.values |= {"steps": 20, "resolution": 4, "area": 0.05, "game": game, "reference": "black"}
    shown = recorded(explorer, monkeypatch)
    choose(explorer, mode="learned mask")
    frame = learned(explorer, fill="black")
    expected = 1 - frame.mask[0] if game == "deletion" else frame.mask[0]
    view = explorer.maps.views[0]
    np.testing.assert_allclose(view.heatmap, expected.detach(), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(explorer.views.behind.image, picture(frame.picture.detach()[0]))
    assert view.title == title
    assert f"{float(expected.mean()):.0%} of the picture" in view.caption
    assert explorer.scores.values[0] == pytest.approx(float(frame.probability), rel=1e-4)
    assert [len(result.trace.x) for result in shown] == [1, 2, 3, 4, 5, 5]
    assert "step 0 …" in shown[0].maps[0].caption
    np.testing.assert_array_equal(explorer.views.curves.x, [0, 5, 10, 15, 20])
    assert explorer.views.curves.series[0, -1] == pytest.approx(float(frame.probability), rel=1e-4)
    assert explorer.views.curves.series[1, -1] == pytest.approx(float(expected.mean()), abs=1e-5)


def test_learning_is_cancelled_and_keeps_the_mask_so_far(explorer, monkeypatch):
    shown = recorded(explorer, monkeypatch, lambda: explorer.status.set_trait("cancelled", 1))
    explorer.values |= {"steps": 1000}
    explorer.choices.values = {"mode": "learned mask"}
    assert explorer.wait(60)
    assert explorer.status.state == "cancelled"
    assert len(shown) == 1
    assert "step 0 …" in explorer.summary()
    assert explorer.views.curves in explorer.middle.children


def test_another_picture_is_learned_anew(explorer):
    explorer.values |= {"steps": 10, "resolution": 4}
    choose(explorer, mode="learned mask")
    first = explorer.maps.views[0].heatmap
    explorer.gallery.selected = 1
    settle(explorer)
    assert explorer.result.finished
    assert not np.array_equal(explorer.maps.views[0].heatmap, first)
    assert explorer.summary().startswith("Occlusion explorer. Input seen as")
