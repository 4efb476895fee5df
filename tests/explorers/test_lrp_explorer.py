"""What the LRP explorer shows: maps, layers, channels, neurons."""

import re

import numpy as np
import pytest
import torch
from lrp_parts import choose, expect, pictures, small_explorer
from small import settle

from xaiwidgets.colors import symmetric_limit, to_rgb
from xaiwidgets.methods.composites import Composite
from xaiwidgets.methods.lrp import relevance_flow
from xaiwidgets.methods.lrp_input_rules import ZBox
from xaiwidgets.methods.lrp_other_rules import Proportional
from xaiwidgets.methods.lrp_rules import AlphaBeta, Epsilon, Gamma, ZPlus


@pytest.fixture
def explorer():
    made = small_explorer()
    yield made
    made.close()


def test_the_map_is_that_of_the_rules_chosen(explorer):
    expect(explorer, "EpsilonPlus")
    choose(explorer, composite="EpsilonGammaBox", gamma=1.5, epsilon=0.1)
    expect(explorer, Composite(Gamma(1.5), Epsilon(0.1), first=ZBox()))
    choose(explorer, composite="AlphaBeta", alpha=3)
    expect(explorer, Composite(AlphaBeta(3, 2), AlphaBeta(3, 2)))
    choose(explorer, composite="LRP-0", pooling="proportional")
    expect(explorer, Composite(Epsilon(0.0), Epsilon(0.0), pooling=Proportional()))
    choose(explorer, {"3": "ZPlus", "0": "ZBox"}, composite="Epsilon")
    layers = {"3": ZPlus(), "0": ZBox()}
    expect(explorer, Composite(Epsilon(0.1), Epsilon(0.1), layers=layers, pooling=Proportional()))
    assert len({item["label"] for item in explorer.views.single.specification}) == 4


def test_captions_and_meter_say_the_numbers(explorer):
    choose(explorer, composite="Epsilon", epsilon=0.01)
    view, image = explorer.views.maps.views[0], pictures()[:1]
    flow = relevance_flow(explorer.model, image, 0, rules=Epsilon(0.01))
    heat = flow.relevance.sum(1)[0]
    inside = float(heat.clamp(min=0)[2:7, 3:8].sum() / heat.clamp(min=0).sum())
    assert f"sum {heat.sum():.2f} of score {flow.logits[0, 0]:.2f}\n{inside:.0%} of the positive inside" in view.caption
    rows = re.findall(r"<tr><th scope=.row[^>]*>([^<]*)</th>(.*?)</tr>", explorer.views.meter.value)
    assert [name for name, _ in rows] == ["9 dense", "7 dense", "5 mean", "3 conv", "2 max", "0 conv", "pixels"]
    numbers = [re.findall(r">(−?[\d.e−]+)<", cells) for _, cells in rows]
    told = [float(each[0].replace("−", "-")) for each in numbers]
    steps = {step.layer: float(step.arriving.sum()) for step in flow.steps}
    expected = [*(steps[name] for name in "975320"), float(heat.sum())]
    assert told == pytest.approx(expected, rel=0.006)
    lost = {
        s.layer: float(s.absorbed / flow.start.sum()) for s in flow.steps if abs(s.absorbed / flow.start.sum()) > 0.01
    }
    assert lost
    assert explorer.views.meter.value.count(">kept</span>") == 6 - len(lost)
    for share in lost.values():
        assert f">{'loses' if share > 0 else 'adds'} {abs(share):.1%}" in explorer.views.meter.value
    worst = max(lost, key=lambda name: abs(lost[name]))
    assert re.search(f"Most: {worst} .*, where .*{abs(lost[worst]):.1%}", explorer.views.meter.value)
    assert "Not kept: " in explorer.summary()


def test_each_layer_has_its_picture(explorer):
    strip, flow = explorer.views.strip, relevance_flow(explorer.model, pictures()[:1], 0)
    assert strip.labels == ["0 conv", "2 max", "3 conv", "5 mean", "7 dense", "9 dense"]
    first = next(step for step in flow.steps if step.layer == "0").arriving[0].sum(0)
    np.testing.assert_array_equal(strip.images[0], to_rgb(first, symmetric_limit(first)))
    second = next(step for step in flow.steps if step.layer == "2").arriving[0].sum(0)
    rgb = to_rgb(second, symmetric_limit(second))
    np.testing.assert_array_equal(strip.images[1], rgb.repeat(2, axis=0).repeat(2, axis=1))


def test_a_chosen_layer_shows_its_map_and_channels(explorer):
    for index, name, channels in ((2, "3", 5), (0, "0", 6)):
        explorer.views.strip.selected = index
        settle(explorer)
        relevance = next(s for s in relevance_flow(explorer.model, pictures()[:1], 0).steps if s.layer == name).arriving
        np.testing.assert_allclose(explorer.views.layer_map.heatmap, relevance[0].sum(0), rtol=1e-4, atol=1e-7)
        np.testing.assert_allclose(explorer.views.channels.values, relevance[0].sum((1, 2)), rtol=1e-4, atol=1e-7)
        assert explorer.views.channels.names == [f"channel {c}" for c in range(channels)]
        best = np.unravel_index(int(relevance[0].abs().argmax()), relevance[0].shape)
        place = "channel {}, row {}, column {}".format(*best)
        assert f"{name} conv, {place}<" in explorer.views.neuron.value


def test_a_channel_is_followed_alone_and_let_go(explorer):
    explorer.views.strip.selected = 0
    settle(explorer)
    before = explorer.views.channels.values
    explorer.views.channels.selected = 4
    settle(explorer)
    expect(explorer, "EpsilonPlus", through={"0": [4]})
    np.testing.assert_allclose(explorer.views.channels.values, before, rtol=1e-5)
    assert explorer.views.maps.views[0].title == "LRP through 0 conv, channel 4"
    assert "channel 4, row" in explorer.views.neuron.value
    gone = float(before.sum() - before[4])
    told = re.search(r">filter</th><td></td><td[^>]*>([^<]+)<", explorer.views.meter.value)[1]
    assert float(told.replace("−", "-")) == pytest.approx(gone, rel=0.01)
    choose(explorer, composite="ZPlus")
    expect(explorer, "ZPlus", through={"0": [4]})
    explorer.views.actions.values = {"all": 1}
    settle(explorer)
    expect(explorer, "ZPlus")
    assert explorer.views.channels.selected is None


def test_the_neuron_under_the_pointer_is_filled_in_without_a_new_pass(explorer):
    explorer.views.strip.selected = 2
    settle(explorer)
    flow = explorer.result.flow
    relevance = next(step for step in flow.steps if step.layer == "3").arriving[0]
    explorer.views.layer_map.hovered = (1, 1)
    settle(explorer)
    channel = int(relevance[:, 1, 1].abs().argmax())
    assert f"3 conv, channel {channel}, row 1, column 1<" in explorer.views.neuron.value
    assert explorer.views.layer_map.outline[1, 1] == explorer.views.layer_map.outline.sum() == 1
    explorer.views.layer_map.hovered = None
    explorer.views.layer_map.picked = (0, 0)
    settle(explorer)
    assert "row 0, column 0<" in explorer.views.neuron.value
    explorer.views.network.selected = (1, 3)
    settle(explorer)
    assert explorer.views.layer_map.picked is None
    assert explorer.views.strip.selected == 4
    assert "7 dense, unit 3<" in explorer.views.neuron.value
    explorer.views.network.hovered = (2, 1)
    settle(explorer)
    assert "9 dense, unit 1<" in explorer.views.neuron.value
    assert explorer.views.layer_map.outline.size == 0
    explorer.views.network.hovered = (0, 2)
    settle(explorer)
    assert "5 mean, channel 2<" in explorer.views.neuron.value
    assert "no weights" in explorer.views.neuron.value
    assert explorer.result.flow is flow
    explorer.views.network.hovered = None
    explorer.views.strip.selected = 0
    settle(explorer)
    assert "0 conv, channel" in explorer.views.neuron.value
    explorer.update()
    settle(explorer)
    assert explorer.result.flow is not flow, "asked for the same once more, it computes anew"


def test_the_network_shows_the_dense_layers(explorer):
    network = explorer.views.network
    assert [layer["name"] for layer in network.layers] == ["5 mean", "7 dense", "9 dense"]
    weights = torch.cat([explorer.model[7].weight.T.flatten(), explorer.model[9].weight.T.flatten()]).detach()
    np.testing.assert_allclose(network.weights, weights, rtol=1e-6)
    assert network.lines == "flows"
    explorer.views.lines.values = {"lines": "weights"}
    assert network.lines == "weights"
