"""What the occlusion explorer shows, against the methods themselves."""

import numpy as np
import pytest
import torch
from occlusion_parts import choose, lay, recorded, small_explorer
from small import MASKS, settle, small_pictures

from xaiwidgets.colors import picture, symmetric_limit
from xaiwidgets.explorers.maps import share_inside
from xaiwidgets.methods.fills import fill_picture
from xaiwidgets.methods.occlusion import occluded, occlusion

X = small_pictures()[:1]


@pytest.fixture
def explorer():
    made = small_explorer()
    yield made
    made.close()


def probabilities(explorer, x):
    with torch.no_grad():
        return explorer.model(x).softmax(1)


def bars_show(explorer, expected, which=0):
    np.testing.assert_allclose(explorer.views.bars[which].values, expected, rtol=1e-5, atol=1e-7)


def test_it_opens_with_the_occluder_on_the_object_and_the_scores_under_both_fills(explorer):
    assert explorer.input.middle == (4, 5)  # the mean of its rows and columns, rounded
    for which, fill in enumerate(("black", "blur")):
        expected = probabilities(explorer, occluded(X, (4, 5), 2, "square", fill))[0]
        bars_show(explorer, expected, which)
        before, after = probabilities(explorer, X)[0, 0], expected[0]
        assert explorer.views.cards[which].caption == f"ant {100 * before:.1f} % → {100 * after:.1f} %"
    np.testing.assert_allclose(explorer.scores.marks, probabilities(explorer, X)[0], rtol=1e-5)
    np.testing.assert_array_equal(explorer.input.image, picture(X[0]))


def test_the_scores_follow_the_occluder_and_its_settings(explorer):
    for place, window, shape, fill in (((0, 9), 5, "square", "white"), ((11, 0), 7, "disc", "noise")):
        lay(explorer, place)
        choose(explorer, window=window, shape=shape, fill=fill, beside="inpaint")
        bars_show(explorer, probabilities(explorer, occluded(X, place, window, shape, fill))[0])
        bars_show(explorer, probabilities(explorer, occluded(X, place, window, shape, "inpaint"))[0], 1)
        assert [(card.window, card.window_shape) for card in explorer.views.cards] == [(window, shape)] * 2
    assert f"row {place[0]}, column {place[1]}" in explorer.summary()
    assert explorer.status.message == explorer.views.cards[0].caption


def test_an_occluder_that_was_taken_away_hides_nothing(explorer):
    lay(explorer, None)
    for which in range(2):
        bars_show(explorer, probabilities(explorer, X)[0], which)
    assert "taken away" in explorer.summary()


def test_the_occluder_is_moved_on_either_copy_and_laid_anew_by_python(explorer):
    for view, place in ((explorer.views.cards[1], (7, 2)), (explorer.views.cards[0], (3, 8)), (explorer.input, (0, 0))):
        view.middle = place
        settle(explorer)
        bars_show(explorer, probabilities(explorer, occluded(X, place, 2))[0])
    assert len({view.group for view in (explorer.input, *explorer.views.cards)}) == 1
    explorer.views.lay_occluder((9, 9))
    settle(explorer)
    assert (explorer.place, explorer.result.request.middle) == ((9, 9), (9, 9))
    bars_show(explorer, probabilities(explorer, occluded(X, (9, 9), 2, fill="blur"))[0], 1)


def test_the_page_gets_what_it_needs_to_hide_by_itself(explorer):
    choose(explorer, fill="mean", beside="inpaint", window=4)
    first, second = explorer.views.cards
    np.testing.assert_array_equal(first.fill, picture(fill_picture("mean", X)[0]))
    np.testing.assert_array_equal(second.fill, picture(occluded(X, (4, 5), 4, "square", "inpaint")[0]))
    for card in (first, second):
        np.testing.assert_array_equal(card.image, picture(X[0]))
        assert card.tool == explorer.input.tool == "occlude"
    assert explorer.input.fill.size == 0  # where it lies, and what is there


def test_one_fill_alone(explorer):
    choose(explorer, beside="nothing")
    assert len(explorer.middle.children[0].children) == 1
    assert [panel.title for panel in explorer.panels()] == ["Input", "black"]


@pytest.mark.parametrize("unit", ["score", "log-odds"])
def test_scores_in_another_unit(explorer, unit):
    choose(explorer, unit=unit)
    logits = explorer.model(occluded(X, (4, 5), 2)).detach()[0]
    others = torch.stack([logits[torch.arange(4) != k].logsumexp(0) for k in range(4)])
    bars_show(explorer, logits if unit == "score" else logits - others)
    assert (explorer.scores.notation, explorer.scores.digits) == ("number", 2)
    assert min(explorer.scores.limits) <= explorer.scores.values.min()


def test_a_class_is_chosen_in_either_list(explorer):
    for which, target in ((0, 2), (1, 3)):
        explorer.views.bars[which].selected = target
        settle(explorer)
        assert [bars.selected for bars in explorer.views.bars] == [target, target]
        assert explorer.views.cards[0].caption.startswith(explorer.class_names[target])


@pytest.mark.parametrize(
    ("settings", "stride"),
    [({"window": 4}, 2), ({"window": 5, "stride": "1 px", "shape": "disc"}, 1), ({"window": 8, "stride": "1/4"}, 2)],
)
def test_the_maps_are_those_of_occlusion_on_one_scale(explorer, settings, stride):
    choose(explorer, mode="map")
    choose(explorer, **settings)
    window = {"window": settings["window"], "stride": stride, "shape": settings.get("shape", "square")}
    expected = [occlusion(explorer.model, X, 0, fill=fill, **window)[0] for fill in ("black", "blur")]
    for view, values in zip(explorer.maps.views, expected, strict=True):
        np.testing.assert_allclose(view.heatmap, values, rtol=1e-4, atol=1e-6)
        assert view.limit == pytest.approx(symmetric_limit(*expected), rel=1e-4)
        assert f"{share_inside(values, MASKS[0]):.0%} inside the object" in view.caption
    bars_show(explorer, probabilities(explorer, X)[0])


@pytest.mark.parametrize("explained", ["probability", "log-odds"])
def test_the_map_explains_the_score_that_was_chosen(explorer, explained):
    choose(explorer, mode="map")
    choose(explorer, explained=explained, beside="nothing", fill="grey", window=4)
    expected = occlusion(explorer.model, X, 0, window=4, stride=2, fill="grey", output=explained)[0]
    np.testing.assert_allclose(explorer.maps.views[0].heatmap, expected, rtol=1e-4, atol=1e-6)
    assert f"Map of the {explained} lost" in explorer.summary()


def test_the_map_fills_in_coarse_to_fine(explorer, monkeypatch):
    choose(explorer, mode="map")
    choose(explorer, beside="nothing", window=2)
    shown = recorded(explorer, monkeypatch)
    choose(explorer, stride="1 px")
    assert len(shown) > 2
    assert [result.finished for result in shown] == [False] * (len(shown) - 1) + [True]
    coarse, fine = shown[0].maps[0].values, shown[-1].maps[0].values
    assert 4 <= len(coarse.unique()) < len(fine.unique())
    assert shown[0].maps[0].caption.startswith("coarse so far")
    torch.testing.assert_close(fine, occlusion(explorer.model, X, 0, window=2, stride=1)[0])


def test_cancel_keeps_the_map_as_far_as_it_is_known(explorer, monkeypatch):
    choose(explorer, mode="map")
    shown = recorded(explorer, monkeypatch, lambda: explorer.status.set_trait("cancelled", 1))
    explorer.choices.values = {"stride": "1 px", "window": 3}
    assert explorer.wait(60)
    assert (explorer.status.state, explorer.status.progress) == ("cancelled", None)
    assert [result.finished for result in shown] == [False]
    assert "coarse so far" in explorer.summary()
    np.testing.assert_allclose(explorer.maps.views[0].heatmap, shown[0].maps[0].values, rtol=1e-6)
    choose(explorer, stride="1/4")
    assert "coarse so far" not in explorer.summary()


def test_how_maps_are_shown_is_changed_without_a_new_computation(explorer):
    choose(explorer, mode="map")
    result = explorer.result
    explorer.display.values = {"contrast": 4, "opacity": 0.25, "outline": True}
    assert explorer.result is result
    view = explorer.maps.views[0]
    assert (view.opacity, view.limit) == (0.25, pytest.approx(symmetric_limit(*[m.values for m in result.maps]) / 4))
    np.testing.assert_array_equal(view.outline, MASKS[0])


def test_only_the_controls_of_the_mode_are_shown_and_settings_are_kept(explorer):
    def names():
        return [item["name"] for item in explorer.choices.specification]

    assert names() == ["mode", "window", "shape", "fill", "beside", "unit"]
    choose(explorer, window=6, unit="score")
    choose(explorer, mode="wipe")
    assert names() == ["mode", "wiped", "share", "ranking", "fill", "radius"]
    choose(explorer, wiped="brush")
    assert names() == ["mode", "wiped", "fill", "radius"]
    assert explorer.display not in explorer.right.children
    choose(explorer, mode="occluder")
    assert (explorer.choices.values["window"], explorer.choices.values["unit"]) == (6, "score")
    choose(explorer, mode="wipe")
    assert explorer.choices.values["wiped"] == "brush"


def test_an_error_of_the_model_is_shown_and_recovered_from(explorer):
    weight, explorer.model[3].weight = explorer.model[3].weight, None
    explorer.input.middle = (1, 1)
    assert explorer.wait(60)
    assert (explorer.status.state, "model failed on inputs" in explorer.status.error) == ("error", True)
    explorer.model[3].weight = weight
    lay(explorer, (2, 2))
    choose(explorer, mode="map")
