import dataclasses
import re

import numpy as np
import pytest
import torch
from nets import snapshot
from scipy.stats import spearmanr
from small import LABELS, MASKS, leaves_nothing, settle, small_net, small_pictures
from torch import nn

from xaiwidgets.colors import picture
from xaiwidgets.evaluation import randomized
from xaiwidgets.explorers import GuidedExplorer
from xaiwidgets.explorers.guided_neuron import rule_table
from xaiwidgets.methods.guided_backprop import backpropagation, relu_steps


def deep_net(channels=1):
    """Two ReLUs, so that there is something to mix; three weighted layers."""
    torch.manual_seed(0)
    features = [nn.Conv2d(channels, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 5, 2), nn.ReLU()]
    return nn.Sequential(*features, nn.Flatten(), nn.Linear(60, 4)).eval()


@pytest.fixture
def explorer():
    made = GuidedExplorer(deep_net(), small_pictures(), labels=LABELS, masks=MASKS)
    yield made
    made.close()


def choose(explorer, controls="choices", **values):
    getattr(explorer, controls).values = {**getattr(explorer, controls).values, **values}
    settle(explorer)


def expected_map(explorer, image=0, target=0, model=None, **arguments):
    return backpropagation(model or explorer.model, small_pictures()[[image]], target, **arguments).sum(1)[0]


def heatmaps(explorer):
    return {view.title: view.heatmap for view in explorer.maps.widget.children}


def test_the_maps_are_those_of_the_rules(explorer):
    rules = {"Gradient": "gradient", "Guided": "guided", "Deconvolution": "deconvolution"}
    assert list(heatmaps(explorer)) == [*rules, "Your mix"]
    for name, rule in rules.items():
        np.testing.assert_allclose(heatmaps(explorer)[name], expected_map(explorer, rule=rule), rtol=1e-5, atol=1e-8)
    mixed = expected_map(explorer, layers={"1": "gradient", "4": "guided"})
    np.testing.assert_allclose(heatmaps(explorer)["Your mix"], mixed, rtol=1e-5, atol=1e-8)
    np.testing.assert_array_equal(explorer.input.image, picture(small_pictures()[0]))
    np.testing.assert_allclose(explorer.scores.values, explorer.model(small_pictures()[:1])[0].detach(), rtol=1e-5)


def test_each_relu_has_a_choice(explorer):
    labels = [item["label"] for item in explorer.mix.specification]
    assert labels == ["Your mix: every ReLU", "ReLU 1: layer 1", "ReLU 2: layer 4"]
    choose(explorer, "mix", relu0="deconvolution")
    expected = expected_map(explorer, layers={0: "deconvolution", 1: "guided"})
    np.testing.assert_allclose(heatmaps(explorer)["Your mix"], expected, rtol=1e-5, atol=1e-8)
    assert explorer.mix.values["all"] == "own"


def test_one_choice_sets_all_relus_and_follows_them(explorer):
    choose(explorer, "mix", all="deconvolution")
    assert explorer.mix.rules == ("deconvolution", "deconvolution")
    np.testing.assert_array_equal(heatmaps(explorer)["Your mix"], heatmaps(explorer)["Deconvolution"])
    choose(explorer, "mix", relu1="gradient")
    assert explorer.mix.values["all"] == "own"
    choose(explorer, "mix", relu0="gradient")
    assert explorer.mix.values["all"] == "gradient"
    np.testing.assert_array_equal(heatmaps(explorer)["Your mix"], heatmaps(explorer)["Gradient"])


def test_randomised_layers_are_compared_with_the_trained_net(explorer):
    before = heatmaps(explorer)
    choose(explorer, depth=2, seed=3)
    model = randomized(explorer.model, small_pictures()[:1], 2, seed=3)
    for name, rule in (("Gradient", "gradient"), ("Guided", "guided")):
        expected = expected_map(explorer, model=model, rule=rule)
        np.testing.assert_allclose(heatmaps(explorer)[name], expected, rtol=1e-5, atol=1e-8)
        rho = spearmanr(before[name].ravel(), heatmaps(explorer)[name].ravel()).statistic
        caption = next(view.caption for view in explorer.maps.views if view.title == name)
        found = re.search(r"ρ (-?[\d.]+) to the trained net's", caption).group(1)
        assert float(found) == pytest.approx(rho, abs=0.006)
    np.testing.assert_allclose(explorer.scores.values, model(small_pictures()[:1])[0].detach(), rtol=1e-5)
    assert explorer.input.caption.startswith("2 of 3 layers are noise\nsays ")
    choose(explorer, depth=0)
    for name, values in before.items():
        np.testing.assert_array_equal(heatmaps(explorer)[name], values)
    assert "trained net's" not in explorer.maps.views[0].caption


def test_two_classes_stand_side_by_side(explorer):
    choose(explorer, other=2, maps=["Gradient", "Guided"])
    assert list(heatmaps(explorer)) == ["Gradient, 0", "Gradient, 2", "Guided, 0", "Guided, 2"]
    for rule in ("gradient", "guided"):
        first, second = (expected_map(explorer, target=target, rule=rule) for target in (0, 2))
        shown = [heatmaps(explorer)[f"{rule.capitalize()}, {target}"] for target in (0, 2)]
        np.testing.assert_allclose(shown, torch.stack([first, second]), rtol=1e-5, atol=1e-8)
    rho = spearmanr(first.ravel(), second.ravel()).statistic
    assert f"ρ {rho:.2f} to 0's" in explorer.maps.views[3].caption
    assert "ρ" not in explorer.maps.views[2].caption


def test_the_curve_shows_every_depth(explorer):
    assert explorer.curves not in explorer.middle.children
    choose(explorer, curve=True, depth=1)
    assert explorer.curves in explorer.middle.children
    assert explorer.curves.names == ["Gradient", "Guided", "Deconvolution", "Your mix"]
    assert explorer.curves.marker == 1
    series = explorer.curves.series
    np.testing.assert_allclose(series[:, 0], 1, rtol=1e-6)
    for curve, view in zip(series, explorer.maps.views, strict=False):
        found = float(re.search(r"ρ (-?[\d.]+) to the trained", view.caption).group(1))
        assert found == pytest.approx(curve[1], abs=0.006)
    choose(explorer, curve=False)
    assert explorer.curves not in explorer.middle.children


def test_a_picked_pixel_shows_a_neuron_with_its_numbers(explorer):
    explorer.input.picked = (5, 7)
    settle(explorer)
    assert explorer.neuron.relu == 0
    step = relu_steps(explorer.model, small_pictures()[:1], 0, rule="gradient")[0]
    row, column = 5 * 10 // 12, 7 * 8 // 10
    channel = int(step.arriving[0, :, row, column].abs().argmax())
    values = explorer.neuron.controls.values
    assert values["z"] == pytest.approx(float(step.z[0, channel, row, column]))
    assert values["r"] == pytest.approx(float(step.arriving[0, channel, row, column]))
    assert f"Layer 1, channel {channel} of 6, row {row}, column {column}" in explorer.neuron.where.value
    explorer.neuron.controls.values = {"relu": 1}
    settle(explorer)
    assert "Layer 4, channel" in explorer.neuron.where.value


def test_the_numbers_of_a_neuron_are_what_the_sliders_then_change(explorer):
    explorer.neuron.controls.values = {"z": -1.0, "r": 2.0}
    assert explorer.neuron.table.value == rule_table(-1.0, 2.0)
    assert "gradient 0, guided 0, deconvolution 2" in explorer.summary()


def test_other_pictures_start_with_their_true_class(explorer):
    explorer.gallery.selected = 2
    settle(explorer)
    assert (explorer.scores.selected, explorer.scores.highlight) == (2, 2)
    expected = expected_map(explorer, image=2, target=2, rule="guided")
    np.testing.assert_allclose(heatmaps(explorer)["Guided"], expected, rtol=1e-5, atol=1e-8)


def test_no_map_chosen_is_answered_and_recovered_from(explorer):
    explorer.choices.values = {**explorer.choices.values, "maps": []}
    assert explorer.wait(20)
    assert "choose at least one map" in explorer.status.error
    choose(explorer, maps=["Guided"])
    assert list(heatmaps(explorer)) == ["Guided"]


def test_an_error_of_the_model_is_shown(explorer):
    weight, explorer.model[6].weight = explorer.model[6].weight, None
    explorer.gallery.selected = 1
    assert explorer.wait(20)
    assert explorer.status.state == "error"
    explorer.model[6].weight = weight
    explorer.gallery.selected = 2
    settle(explorer)


def test_the_user_model_is_left_as_found():
    model = deep_net().train()
    before = snapshot(model)
    explorer = GuidedExplorer(model, small_pictures())
    choose(explorer, depth=3, other=1, curve=True)
    explorer.input.picked = (1, 1)
    settle(explorer)
    explorer.close()
    assert snapshot(model) == before


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_models_of_every_type_are_served(channels, dtype):
    explorer = GuidedExplorer(small_net(channels).to(dtype), small_pictures(channels))
    choose(explorer, depth=1)
    explorer.close()


def test_a_net_without_relus_has_nothing_to_mix():
    model = nn.Sequential(nn.Flatten(), nn.Linear(120, 4))
    explorer = GuidedExplorer(model, small_pictures())
    assert explorer.mix.specification == []
    explorer.input.picked = (2, 2)
    settle(explorer)
    maps = list(heatmaps(explorer).values())
    assert all(np.array_equal(maps[0], each) for each in maps[1:])
    explorer.close()


def test_a_saved_notebook_keeps_an_accessible_picture(explorer):
    choose(explorer, curve=True, depth=1)
    bundle = explorer._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    alt = re.search(r'<img alt="([^"]+)"', data["text/html"]).group(1)
    for told in ("Guided", "to the trained net", "Rank correlation", "1 of 3 layers are noise"):
        assert told in alt
    assert len(data["text/html"]) < 120_000
    assert data["text/plain"] == explorer.summary()


def test_closing_leaves_no_widget_and_no_thread():
    leaves_nothing(
        lambda: GuidedExplorer(deep_net(), small_pictures()),
        lambda explorer: choose(explorer, other=1, maps=["Guided"]),
    )


def test_it_opens_on_the_course_without_arguments():
    explorer = GuidedExplorer()
    assert len(explorer.relus) == 5
    assert len(explorer.layers) == 6
    request = dataclasses.replace(explorer.request(), depth=1)
    maps = {each.title: each.caption for each in explorer.compute(request).maps}
    rho = {name: float(re.search(r"ρ (-?[\d.]+)", caption).group(1)) for name, caption in maps.items()}
    assert rho["Guided"] > 0.8 > 0.5 > rho["Gradient"]
    explorer.close()
