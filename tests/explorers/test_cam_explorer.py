"""What the CAM explorer shows, against the methods themselves."""

import numpy as np
import pytest
import torch
from cam_parts import choose, pictures, small_net
from small import settle

from xaiwidgets.colors import picture
from xaiwidgets.explorers import CAMExplorer
from xaiwidgets.explorers.cam_maps import VARIANTS
from xaiwidgets.methods.cam import cam, channel_weights, grad_cam, guided_grad_cam, upsampled


@pytest.fixture
def explorer():
    made = CAMExplorer(small_net(), pictures())
    yield made
    made.close()


def test_the_map_shown_is_that_of_the_method(explorer):
    x = pictures().images[:1]
    for variant, upsampling, relu, expected in (
        ("Grad-CAM", "nearest", True, upsampled(grad_cam(explorer.model, x, 0), (12, 10), "nearest")),
        ("Grad-CAM", "bilinear", False, upsampled(grad_cam(explorer.model, x, 0, relu=False), (12, 10))),
        ("CAM", "nearest", True, upsampled(cam(explorer.model, x, 0), (12, 10), "nearest")),
        ("Guided Grad-CAM", "bilinear", True, guided_grad_cam(explorer.model, x, 0).sum(1)),
    ):
        choose(explorer, variant=variant, upsampling=upsampling, relu=relu)
        view = explorer.maps.views[0]
        assert view.title == variant
        np.testing.assert_allclose(view.heatmap, expected[0], rtol=1e-5, atol=1e-8)
    np.testing.assert_array_equal(explorer.input.image, picture(x[0]))


def test_any_layer_is_chosen_and_its_size_is_told(explorer):
    assert explorer.choices.values["layer"] == "4"
    choose(explorer, layer="1")
    expected = upsampled(grad_cam(explorer.model, pictures().images[:1], 0, layer="1"), (12, 10), "nearest")[0]
    np.testing.assert_allclose(explorer.maps.views[0].heatmap, expected, rtol=1e-5, atol=1e-8)
    assert "layer: 10 x 8 places" in explorer.maps.views[0].caption
    assert "1 ReLU, 6 of 10 x 8" in explorer.choices.specification[1]["labels"]


def test_captions_grade_the_map_by_the_mask(explorer):
    data = pictures()
    found = upsampled(grad_cam(explorer.model, data.images[:1], 0), (12, 10), "nearest")[0]
    share = float(found[data.masks[0]].sum() / found.sum())
    hit = "on" if data.masks[0].flatten()[found.argmax()] else "off"
    caption = explorer.maps.views[0].caption
    assert f"on the ball {share:.0%} · area {18 / 120:.0%}" in caption
    assert f"peak {hit} the ball" in caption
    assert caption.splitlines()[0] in explorer.summary()
    explorer.scores.selected = 3
    settle(explorer)
    assert "no disc in this picture" in explorer.maps.views[0].caption


def test_the_mean_of_cam_and_the_bias_are_the_logit(explorer):
    choose(explorer, variant="CAM")
    x, model = pictures().images[:1], explorer.model
    mean, bias, logit = float(cam(model, x, 0).mean()), float(model[7].bias[0]), float(model(x)[0, 0])
    assert f"mean {mean:.2f} + bias {bias:.2f} = logit {logit:.2f}" in explorer.maps.views[0].caption
    assert mean + bias == pytest.approx(logit, rel=1e-4)


def test_clicking_a_thing_explains_its_class(explorer):
    explorer.input.picked = (3, 8)
    settle(explorer)
    assert (explorer.scores.selected, explorer.status.message) == (1, "explains: box")
    expected = upsampled(grad_cam(explorer.model, pictures().images[:1], 1), (12, 10), "nearest")[0]
    np.testing.assert_allclose(explorer.maps.views[0].heatmap, expected, rtol=1e-5, atol=1e-8)
    assert "box" in explorer.maps.views[0].caption
    explorer.input.picked = (4, 2)
    settle(explorer)
    assert explorer.scores.selected == 0


def test_a_click_beside_every_thing_is_answered(explorer):
    explorer.input.picked = (0, 0)
    settle(explorer)
    assert "there is no known thing: click another place" in explorer.status.message
    assert explorer.scores.selected == 0
    explorer.gallery.selected = 4
    explorer.input.picked = (0, 0)
    settle(explorer)
    assert "tag is no class of the model" in explorer.status.message


def test_channels_come_with_their_weights_the_strongest_first(explorer):
    x, model = pictures().images[:1], explorer.model
    weights, maps = channel_weights(model, x, 0)[0], model[:5](x)[0].detach()
    parts = weights * maps.sum((1, 2))
    order = parts.abs().argsort(descending=True)[:8].tolist()
    assert explorer.weights.names == [f"map {k}" for k in order]
    np.testing.assert_allclose(explorer.weights.values, weights[order], rtol=1e-5)
    assert explorer.strip.images.shape == (8, 4, 3, 3)
    assert explorer.strip.labels == [str(k) for k in order]
    shown = explorer.maps.views[1]
    assert shown.title == f"Map {order[0]}"
    assert f"weight w = {float(weights[order[0]]):.3g}" in shown.caption
    assert f"w · sum of the map = {float(parts[order[0]]):.4g}" in shown.caption


def test_a_channel_is_chosen_in_the_strip_or_in_the_bars(explorer):
    maps = explorer.model[:5](pictures().images[:1])[0].detach()
    for view, other, index in ((explorer.strip, explorer.weights, 2), (explorer.weights, explorer.strip, 5)):
        view.selected = index
        assert other.selected == index
        number = int(explorer.strip.labels[index])
        expected = upsampled(maps[[number]], (12, 10), "nearest")[0]
        np.testing.assert_allclose(explorer.maps.views[1].heatmap, expected, rtol=1e-4, atol=1e-6)
    choose(explorer, layer="1")  # six maps only
    assert explorer.maps.views[1].title == f"Map {explorer.strip.labels[5]}"


def test_cam_at_another_layer_says_why_not_and_the_channels_stay(explorer):
    choose(explorer, variant="CAM", layer="1")
    view = explorer.maps.views[0]
    assert view.notice == "not exact at this layer"
    assert "right after the layer: choose that layer, or Grad-CAM" in view.caption
    assert view.heatmap.size == 0
    assert explorer.maps.views[1].heatmap.shape == (12, 10)


def test_a_map_without_anything_positive_says_so(explorer):
    with torch.no_grad():
        explorer.model[7].weight[0] = -1
    explorer.update()
    settle(explorer)
    assert explorer.maps.views[0].notice == "the map is zero everywhere"
    assert "ball: nothing positive" in explorer.maps.views[0].caption
    choose(explorer, relu=False)
    assert explorer.maps.views[0].notice == "every value is negative or zero"


def test_the_outline_is_that_of_the_explained_class(explorer):
    explorer.display.values = {**explorer.display.values, "outline": True}
    assert explorer.input.outline.sum() == 18
    explorer.input.picked = (3, 8)
    settle(explorer)
    assert explorer.input.outline.sum() == 8
    assert explorer.maps.views[0].outline.sum() == 8


def test_other_pictures_begin_with_their_label_and_forget_the_pick(explorer):
    explorer.input.picked = (3, 8)
    explorer.gallery.selected = 3
    settle(explorer)
    assert (explorer.input.picked, explorer.scores.selected) == (None, 0)
    np.testing.assert_array_equal(explorer.input.image, picture(pictures().images[3]))


def test_a_picture_of_the_reader_is_added(explorer):
    explorer.gallery.added = np.full((12, 10, 3), 200, np.uint8)
    settle(explorer)
    assert explorer.gallery.selected == 5
    expected = int(explorer.model(torch.full((1, 1, 12, 10), 200 / 255)).argmax())
    assert explorer.scores.selected == expected
    assert explorer.maps.views[0].caption.startswith("sum ")
    explorer.input.picked = (4, 2)
    assert "there is no known thing" in explorer.status.message


def test_an_error_of_the_model_is_shown_and_recovered_from(explorer):
    weight, explorer.model[7].weight = explorer.model[7].weight, None
    explorer.update()
    assert explorer.wait(20)
    assert (explorer.status.state, "model failed on inputs" in explorer.status.error) == ("error", True)
    explorer.model[7].weight = weight
    explorer.update()
    settle(explorer)
    explorer.scores.selected = 99
    assert explorer.wait(20)
    assert "target must be a class index from 0 to 3, got 99" in explorer.status.error


def test_every_variant_is_offered(explorer):
    assert explorer.choices.specification[0]["options"] == list(VARIANTS)
    for variant in VARIANTS:
        choose(explorer, variant=variant)
        assert explorer.maps.views[0].heatmap.shape == (12, 10)
