import numpy as np
import pytest
from shortcut_parts import is_hidden, paint, press_reveal, small_explorer, stamp, switch
from small import MASKS, settle, small_pictures

from xaiwidgets.colors import picture
from xaiwidgets.methods import ATTRIBUTIONS, gradient_x_input


@pytest.fixture
def explorer():
    made = small_explorer()
    yield made
    made.close()


def reveal_label(explorer):
    return explorer.views.actions.specification[0]["label"]


def test_the_maps_are_hidden_until_revealed_and_can_be_hidden_again(explorer):
    assert is_hidden(explorer)
    assert reveal_label(explorer) == "Reveal"
    press_reveal(explorer)
    for view, model in zip(explorer.views.maps.views, explorer.models.values(), strict=True):
        image = small_pictures()[:1]
        expected = gradient_x_input(model, image, int(model(image).argmax())).sum(1)[0]
        np.testing.assert_allclose(view.heatmap, expected, rtol=1e-5, atol=1e-8)
        np.testing.assert_array_equal(view.image, picture(image[0]))
    assert reveal_label(explorer) == "Hide the maps"
    press_reveal(explorer)
    assert is_hidden(explorer)


def test_another_picture_is_a_new_round(explorer):
    press_reveal(explorer)
    paint(explorer, (0, 4), (0, 4))
    explorer.views.bars[0].selected = 2
    explorer.views.gallery.selected = 3
    settle(explorer)
    assert is_hidden(explorer)
    assert explorer.views.guess() is None
    assert [bars.selected for bars in explorer.views.bars] == [None, None]
    assert [bars.highlight for bars in explorer.views.bars] == [3, 3]
    np.testing.assert_array_equal(explorer.views.input.image, picture(small_pictures()[3]))


def test_the_bars_are_the_probabilities(explorer):
    for bars, model in zip(explorer.views.bars, explorer.models.values(), strict=True):
        logits = model(small_pictures()[:1])[0].detach()
        np.testing.assert_allclose(bars.values, logits.exp() / logits.exp().sum(), rtol=1e-5)


def literally(heat, region, guess):
    """Shares of the positive values and the IoU with the top pixels, pixel by pixel."""
    pixels = [(r, c) for r in range(heat.shape[0]) for c in range(heat.shape[1])]
    total = sum(heat[p] for p in pixels if heat[p] > 0)
    in_region = sum(heat[p] for p in pixels if heat[p] > 0 and region[p])
    in_guess = sum(heat[p] for p in pixels if heat[p] > 0 and guess[p])
    painted = {p for p in pixels if guess[p]}
    top = set(sorted(pixels, key=lambda p: -heat[p])[: len(painted)])
    return in_region / total, in_guess / total, len(top & painted) / len(top | painted)


def test_captions_say_where_the_red_lies_and_how_good_the_guess_is(explorer):
    guess = paint(explorer, (1, 6), (2, 9))
    press_reveal(explorer)
    for view in explorer.views.maps.views:
        inside, under, iou = literally(view.heatmap, MASKS[0].numpy(), guess.numpy())
        lines = view.caption.splitlines()
        assert lines[1:4] == [
            f"{inside:.0%} on the object",
            f"{under:.0%} under your paint",
            f"IoU of your paint {iou:.2f}",
        ]
        assert ", ".join(lines[1:4]) in explorer.summary()
        np.testing.assert_array_equal(view.outline, guess)
    assert explorer.views.input.caption.splitlines() == ["object: 21% of the area", "your paint: 29% of the area"]


def test_the_numbers_follow_the_brush(explorer):
    press_reveal(explorer)
    before = [view.caption for view in explorer.views.maps.views]
    assert not any("paint" in caption for caption in before)
    paint(explorer, (0, 12), (0, 10))
    assert all("100% under your paint" in view.caption for view in explorer.views.maps.views)
    paint(explorer, (0, 0), (0, 0))
    assert [view.caption for view in explorer.views.maps.views] == before


def test_the_tag_changes_the_picture_and_is_a_region(explorer):
    press_reveal(explorer)
    switch(explorer, True)
    stamped = stamp(small_pictures())[0]
    np.testing.assert_array_equal(explorer.views.input.image, picture(stamped))
    assert explorer.views.input.title == "0, with caption tag"
    assert "caption tag: 10% of the area" in explorer.views.input.caption
    for view, model in zip(explorer.views.maps.views, explorer.models.values(), strict=True):
        expected = gradient_x_input(model, stamped[None], int(model(stamped[None]).argmax())).sum(1)[0]
        np.testing.assert_allclose(view.heatmap, expected, rtol=1e-5, atol=1e-8)
        red = expected.clamp(min=0)
        assert f"{red[9:12, 0:4].sum() / red.sum():.0%} on the caption tag" in view.caption
    switch(explorer, False)
    assert "caption tag:" not in explorer.views.input.caption
    np.testing.assert_array_equal(explorer.views.input.image, picture(small_pictures()[0]))


def test_a_chosen_class_is_explained_until_the_tag_changes(explorer):
    press_reveal(explorer)
    explorer.views.bars[1].selected = 3
    settle(explorer)
    model, view = explorer.models["two"], explorer.views.maps.views[1]
    expected = gradient_x_input(model, small_pictures()[:1], 3).sum(1)[0]
    np.testing.assert_allclose(view.heatmap, expected, rtol=1e-5, atol=1e-8)
    assert view.caption.startswith("Why 3?")
    switch(explorer, True)
    assert explorer.views.bars[1].selected is None


@pytest.mark.parametrize("method", ATTRIBUTIONS)
def test_every_method_can_explain(explorer, method):
    explorer.views.options.values = {**explorer.views.options.values, "method": method}
    press_reveal(explorer)
    model, view = explorer.models["one"], explorer.views.maps.views[0]
    image = small_pictures()[:1]
    attribution = attribution_or_error(ATTRIBUTIONS[method], model, image)
    if isinstance(attribution, str):
        assert view.notice == attribution
    else:
        np.testing.assert_allclose(view.heatmap, attribution, rtol=1e-4, atol=1e-7)


def attribution_or_error(method, model, image):
    try:
        return method(model, image, int(model(image).argmax())).sum(1)[0]
    except ValueError as error:
        return str(error)


def test_opacity_and_brush_are_set_without_computing(explorer, monkeypatch):
    press_reveal(explorer)
    monkeypatch.setattr(explorer, "compute", None)
    explorer.views.options.values = {**explorer.views.options.values, "opacity": 0.25, "brush": 1.0}
    settle(explorer)
    assert explorer.views.input.radius == 1.0
    assert [view.opacity for view in explorer.views.maps.views] == [0.25, 0.25]
