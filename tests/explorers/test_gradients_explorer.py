import re
import threading

import numpy as np
import pytest
import torch
from nets import snapshot
from small import LABELS, MASKS, leaves_nothing, settle, small_net, small_pictures

from xaiwidgets.colors import picture
from xaiwidgets.datasets import load_dataset
from xaiwidgets.explorers import GradientsExplorer
from xaiwidgets.explorers.pictures import baseline_of, moved, noisy
from xaiwidgets.methods import ATTRIBUTIONS
from xaiwidgets.models import load_model


@pytest.fixture
def explorer():
    made = GradientsExplorer(small_net(), small_pictures(), labels=LABELS, masks=MASKS)
    yield made
    made.close()


def choose(explorer, **values):
    explorer.choices.values = {**explorer.choices.values, **values}


def test_the_maps_shown_are_those_of_the_methods(explorer):
    image = small_pictures()[:1]
    for view, name in zip(explorer.maps.views, ("Gradient x input", "Integrated gradients"), strict=False):
        expected = ATTRIBUTIONS[name](explorer.model, image, 0).sum(1)[0]
        assert view.title == name
        np.testing.assert_allclose(view.heatmap, expected, rtol=1e-5, atol=1e-8)
    assert len(explorer.maps.widget.children) == 2
    np.testing.assert_array_equal(explorer.input.image, picture(image[0]))
    np.testing.assert_allclose(explorer.scores.values, explorer.model(image)[0].detach(), rtol=1e-5)


def test_captions_say_sum_share_inside_and_gap(explorer):
    gradient_x_input, integrated = explorer.maps.views[:2]
    heat = torch.tensor(integrated.heatmap)
    positive = heat.clamp(min=0)
    inside = float(positive[2:7, 3:8].sum() / positive.sum())
    f, f0 = (explorer.model(each)[0, 0].item() for each in (small_pictures()[:1], torch.zeros(1, 1, 12, 10)))
    assert f"sum {heat.sum():.2f} · {inside:.0%} inside" in integrated.caption
    assert f"completeness gap {heat.sum() - (f - f0):+.3f}" in integrated.caption
    assert "gap" not in gradient_x_input.caption
    assert integrated.caption.splitlines()[0] in explorer.summary()


def test_other_pictures_start_with_their_true_class(explorer):
    explorer.gallery.selected = 2
    settle(explorer)
    assert (explorer.scores.selected, explorer.scores.highlight) == (2, 2)
    expected = ATTRIBUTIONS["Gradient x input"](explorer.model, small_pictures()[2:3], 2).sum(1)[0]
    np.testing.assert_allclose(explorer.maps.views[0].heatmap, expected, rtol=1e-5, atol=1e-8)


def test_dragging_moves_picture_mask_and_maps(explorer):
    explorer.display.values = {**explorer.display.values, "outline": True}
    explorer.input.offset = (2, -3)
    settle(explorer)
    image = small_pictures()[0]
    by_hand = torch.empty_like(image)
    for r in range(12):
        for c in range(10):
            by_hand[0, r, c] = image[0, min(max(r - 2, 0), 11), min(max(c + 3, 0), 9)]
    np.testing.assert_array_equal(explorer.input.image, picture(by_hand))
    assert explorer.input.outline[4:9, 0:5].all()
    assert explorer.input.outline.sum() == 25
    expected = ATTRIBUTIONS["Gradient x input"](explorer.model, by_hand[None], 0).sum(1)[0]
    np.testing.assert_allclose(explorer.maps.views[0].heatmap, expected, rtol=1e-5, atol=1e-8)


def test_noise_is_seeded_and_cut(explorer):
    choose(explorer, noise=0.5)
    settle(explorer)
    first = explorer.input.image.copy()
    np.testing.assert_array_equal(first, picture(noisy(small_pictures()[0], 0.5)))
    choose(explorer, noise=0.0)
    settle(explorer)
    np.testing.assert_array_equal(explorer.input.image, picture(small_pictures()[0]))
    assert (first != explorer.input.image).mean() > 0.5


def test_parameters_are_drawn_from_the_chosen_methods_and_used(explorer):
    choose(explorer, methods=["Integrated gradients", "SmoothGrad"])
    names = [item["name"] for item in explorer.parameters.specification]
    assert names == [
        "Integrated gradients.steps",
        "Integrated gradients.rule",
        "Integrated gradients.baseline",
        "SmoothGrad.samples",
        "SmoothGrad.noise",
        "SmoothGrad.seed",
    ]
    chosen = {
        "Integrated gradients.steps": 3,
        "Integrated gradients.rule": "left",
        "Integrated gradients.baseline": "blurred",
    }
    explorer.parameters.values = {**explorer.parameters.values, **chosen, "SmoothGrad.samples": 5}
    settle(explorer)
    x = small_pictures()[:1]
    first = ATTRIBUTIONS["Integrated gradients"](
        explorer.model, x, 0, steps=3, rule="left", baseline=baseline_of("blurred", x)
    )
    second = ATTRIBUTIONS["SmoothGrad"](explorer.model, x, 0, samples=5)
    np.testing.assert_allclose(explorer.maps.views[0].heatmap, first.sum(1)[0], rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(explorer.maps.views[1].heatmap, second.sum(1)[0], rtol=1e-4, atol=1e-7)


def test_one_scale_is_shared_and_can_be_given_up(explorer):
    choose(explorer, methods=["Gradient", "Sensitivity", "SmoothGrad", "Gradient x input"])
    settle(explorer)
    views = explorer.maps.views
    largest = [np.abs(view.heatmap).max() for view in views]
    assert [view.limit for view in views] == pytest.approx([max(largest) / 2] * 4)
    explorer.display.values = {**explorer.display.values, "one_scale": False, "contrast": 4}
    assert [view.limit for view in views] == pytest.approx([each / 4 for each in largest])


def test_an_error_of_one_method_stands_in_its_place(explorer):
    with torch.no_grad():
        explorer.model[3].bias.fill_(1000)
    choose(explorer, methods=["Simple Taylor", "Gradient"])
    explorer.parameters.values = {**explorer.parameters.values, "Simple Taylor.search": "line"}
    assert explorer.wait(60)
    gradient, taylor = explorer.maps.views[:2]
    assert "no root point found" in taylor.notice
    assert taylor.heatmap.size == 0
    assert (gradient.notice, gradient.heatmap.shape) == ("", (12, 10))
    assert explorer.status.state == "ready"


def test_an_error_of_the_model_is_shown_and_recovered_from(explorer):
    weight, explorer.model[3].weight = explorer.model[3].weight, None
    explorer.input.offset = (1, 1)
    assert explorer.wait(60)
    assert explorer.status.state == "error"
    assert "model failed on inputs of shape (1, 12, 10)" in explorer.status.error
    assert explorer.maps.views[0].heatmap.size
    explorer.model[3].weight = weight
    explorer.input.offset = (2, 2)
    settle(explorer)
    assert explorer.status.error == ""


def test_cancel_is_answered_and_the_maps_stay(explorer):
    begun, cancelled = threading.Event(), threading.Event()

    def until_cancelled(*_):
        begun.set()
        cancelled.wait(60)

    explorer.model.register_forward_hook(until_cancelled)
    before = explorer.maps.views[1].heatmap
    explorer.update()
    assert begun.wait(60)
    explorer.status.cancelled += 1
    cancelled.set()
    assert explorer.wait(60)
    assert explorer.status.state == "cancelled"
    assert explorer.maps.views[1].heatmap is before


def test_the_user_model_is_left_as_found():
    model = small_net().train()
    before = snapshot(model)
    explorer = GradientsExplorer(model, small_pictures(), methods=tuple(ATTRIBUTIONS)[:3])
    explorer.input.offset = (1, 0)
    settle(explorer)
    explorer.close()
    assert snapshot(model) == before


def test_unknown_labels_begin_with_the_predicted_class():
    model = small_net()
    explorer = GradientsExplorer(model, small_pictures())
    assert explorer.scores.selected == int(model.eval()(small_pictures()[:1]).argmax())
    assert explorer.scores.highlight is None
    assert "inside" not in explorer.maps.views[0].caption
    explorer.close()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_models_of_every_type_are_served(channels, dtype):
    model = small_net(channels)
    explorer = GradientsExplorer(model.to(dtype), small_pictures(channels), methods=tuple(ATTRIBUTIONS)[-4:])
    assert explorer.status.state == "ready"
    explorer.close()


def test_a_saved_notebook_keeps_an_accessible_picture(explorer):
    bundle = explorer._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert "application/vnd.jupyter.widget-view+json" in data
    alt = re.search(r'<img alt="([^"]+)"', data["text/html"]).group(1)
    assert "Gradient x input" in alt
    assert "sum" in alt
    assert len(data["text/html"]) < 100_000
    assert data["text/plain"] == explorer.summary()


def test_closing_leaves_no_widget_and_no_thread():
    leaves_nothing(
        lambda: GradientsExplorer(small_net(), small_pictures()),
        lambda explorer: explorer.input.set_trait("offset", (1, 1)),
    )


def test_it_opens_on_the_course_without_arguments():
    explorer = GradientsExplorer()
    assert explorer.class_names == load_dataset("scenes").class_names
    verdicts = load_model("scenes-cnn")(explorer.data.images).argmax(1)
    assert (verdicts == explorer.data.labels).float().mean() > 0.8
    explorer.close()


def test_moving_there_and_back_keeps_the_middle():
    image = small_pictures()[0]
    assert torch.equal(moved(moved(image, (2, 3)), (-2, -3))[..., 0:9, 0:6], image[..., 0:9, 0:6])
