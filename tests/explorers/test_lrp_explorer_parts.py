"""What the LRP explorer computes beside the flow: messages of single neurons, formulas, the meter, the drawing."""

import numpy as np
import pytest
import torch
from nets import NETS, net
from torch import nn

from xaiwidgets.colors import symmetric_limit, to_rgb
from xaiwidgets.explorers.lrp_formula import filled_in, formula_of, neuron_table
from xaiwidgets.explorers.lrp_layers import WEIGHTED, by_channel, layers_of, map_of, thumbnails
from xaiwidgets.explorers.lrp_messages import messages
from xaiwidgets.explorers.lrp_meter import number, readings
from xaiwidgets.explorers.lrp_network import drawing_of
from xaiwidgets.explorers.lrp_neuron import cell_of, index_at, neuron_of
from xaiwidgets.methods.composites import COMPOSITES, Composite, composite_of
from xaiwidgets.methods.lrp import relevance_flow
from xaiwidgets.methods.lrp_input_rules import Flat, WSquare, ZBox
from xaiwidgets.methods.lrp_rules import LRP0, AlphaBeta, Epsilon, Gamma, ZPlus

RULES = [
    LRP0, Epsilon(0.3), Epsilon(0.3, bias=False), Gamma(0.7), Gamma(0.7, bias=False), AlphaBeta(3.0, 2.0),
    AlphaBeta(2.0, 1.0, bias=True), ZPlus(), ZPlus(bias=True), WSquare(), Flat(), ZBox(),
]  # fmt: skip
BOX = Composite(Gamma(), Epsilon(), first=ZBox(-9.0, 9.0))


def flow_of(name, rules, **arguments):
    model, x, targets = net(name)
    return model, relevance_flow(model, x[:1], targets[:1], rules=rules, **arguments)


class Scaled(nn.Module):
    """Shifts its input before a first layer with negative inputs."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.inner = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 9 * 8, 3))

    def forward(self, x):
        return self.inner(x * 2 - 1)


def scaled_flow(rule):
    x = torch.rand(1, 2, 9, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    model = Scaled().double()
    boxed = Composite(Epsilon(), Epsilon(), first=ZBox(0.0, 1.0))
    composite = boxed if isinstance(rule, ZBox) else composite_of(rule)
    return model, relevance_flow(model, x, 1, rules=composite), composite


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_messages_of_all_neurons_together_are_what_the_layer_passes_on(rule):
    _, flow, composite = scaled_flow(rule)
    for step in (each for each in flow.steps if each.operation in WEIGHTED):
        arriving = step.arriving[0]
        each_alone = torch.diag_embed(arriving.flatten()).view(-1, *arriving.shape)
        found = messages(flow, step, composite, each_alone[arriving.flatten() != 0])
        torch.testing.assert_close(found.sum(0), step.passed[0][0], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", NETS)
def test_a_neuron_passes_on_what_the_engine_passes_through_it_alone(name):
    model, flow = flow_of(name, BOX)
    for index, layer in enumerate(layers_of(flow, model)):
        if layer.operation not in WEIGHTED:
            continue
        neuron = neuron_of(flow, layer, BOX, index_at(layer, layer.step(flow).arriving[0], None, None))
        mask = torch.zeros(layer.shape, dtype=torch.bool)
        mask[neuron.index] = True
        alone = flow_of(name, BOX, through={layer.passes: mask})[1]
        expected = layers_of(alone, model)[index].step(alone).passed[0][0]
        torch.testing.assert_close(neuron.passed, expected, rtol=1e-9, atol=1e-12)
        z = (neuron.x * neuron.weight).sum() + neuron.bias
        torch.testing.assert_close(float(z), neuron.z, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_the_formula_filled_in_gives_what_the_neuron_passes_on(rule):
    model, flow, composite = scaled_flow(rule)
    first, last = (layer for layer in layers_of(flow, model) if layer.operation in WEIGHTED)
    for layer in (first, last):
        relevance = layer.step(flow).arriving[0]
        for index in (index_at(layer, relevance, None, None), index_at(layer, relevance, None, 0)):
            neuron = neuron_of(flow, layer, composite, index)
            formula = formula_of(neuron)
            share = formula.numerator / formula.denominator
            share = torch.where(formula.denominator == 0, 0, share)
            torch.testing.assert_close(share * neuron.relevance, neuron.passed, rtol=1e-9, atol=1e-12)


def test_the_neurons_table_has_its_numbers():
    model, flow, composite = scaled_flow(Epsilon(0.5))
    layer = layers_of(flow, model)[-1]
    neuron = neuron_of(flow, layer, composite, (1,))
    text, best = neuron_table(neuron), int(neuron.passed.abs().argmax())
    assert f"z<sub>k</sub> = {number(neuron.z)}" in text
    assert "z<sub>jk</sub> / (z<sub>k</sub> + ε sign z<sub>k</sub>)" in text
    z, x, w = (float(each[best]) for each in (neuron.contributions, neuron.x, neuron.weight))
    filled = filled_in(neuron, formula_of(neuron), best)
    total = neuron.z + 0.5 * np.sign(neuron.z)
    assert filled == f"{number(z)} / {number(total)} · {number(neuron.z)} = {number(z / total * neuron.z)}"
    assert filled in text
    assert f">{number(x)}</td>" in text
    assert f">{number(w)}</td>" in text
    assert f"all {layer.step(flow).x[0].numel()} inputs" in text


def test_a_layer_without_weights_says_so():
    model, flow = flow_of("max pooling", "EpsilonPlus")
    layer = next(layer for layer in layers_of(flow, model) if layer.operation == "max_pool")
    assert "has no weights" in neuron_table(neuron_of(flow, layer, COMPOSITES["EpsilonPlus"], (0, 1, 1)))


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("rules", [Epsilon(0.2), Epsilon(0.2, bias=False), LRP0, Gamma(), ZPlus(bias=True), ZPlus()])
def test_the_meter_says_who_absorbs_what(name, rules):
    model, flow = flow_of(name, rules)
    found = {each.title: each for each in readings(flow, layers_of(flow, model), composite_of(rules))}
    for layer in layers_of(flow, model):
        each, step = found[layer.title], layer.step(flow)
        assert each.arriving - each.passed == pytest.approx(float(step.absorbed), abs=1e-9)
        assert each.bias + each.epsilon + each.other == pytest.approx(each.absorbed, abs=1e-9)
        if layer.operation in WEIGHTED and isinstance(rules, Epsilon):
            z = step.output[0]
            bias = step.call.arguments.get("bias")
            part = torch.zeros_like(z) if bias is None else bias.view(-1, *[1] * (z.ndim - 1)).expand_as(z)
            z = z if rules.bias else z - part
            s = torch.where(z == 0, 0, step.arriving[0] / (z + rules.epsilon * (2 * (z >= 0).double() - 1)))
            assert each.bias == pytest.approx(float((s * part).sum()) if rules.bias else 0, abs=1e-9)
            assert each.other == pytest.approx(0, abs=1e-9)
        if rules == ZPlus():
            assert (each.bias, each.epsilon) == (0, 0)
    if rules in (Epsilon(0.2), Gamma()):
        assert any(each.state != "kept" and each.cause for each in found.values())


def test_a_meter_without_anything_to_absorb_is_all_kept():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 6, bias=False), nn.ReLU(), nn.Linear(6, 2, bias=False))
    flow = relevance_flow(model, torch.rand(1, 5), 0, rules="Epsilon")
    found = readings(flow, layers_of(flow, model), COMPOSITES["Epsilon"])
    assert [(each.state, each.cause) for each in found] == [("kept", "")] * 2


def test_layers_end_where_a_merged_normalization_does():
    model, flow = flow_of("skip, BatchNorm, reused ReLU", "EpsilonPlus")
    layers = layers_of(flow, model)
    assert [(layer.name, layer.passes) for layer in layers if layer.operation == "convolution"] == [
        ("stem", "norm"),
        ("inner.0", "inner.1"),
    ]
    for layer in (each for each in layers if each.operation == "convolution"):
        free = by_channel(layer.step(flow).arriving[0])
        through = flow_of("skip, BatchNorm, reused ReLU", "EpsilonPlus", through={layer.passes: [1]})[1]
        kept = by_channel(layer.step(through).arriving[0])
        torch.testing.assert_close(kept, free * torch.tensor([0, 1, 0, 0]))


def test_a_model_that_is_copied_each_time_has_the_same_layers():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3), nn.Flatten())
    model.something = object()  # which could change unseen
    flow = relevance_flow(model, torch.rand(1, 1, 6, 6), 0)
    assert [layer.passes for layer in layers_of(flow, model)] == ["0", "3"]


def test_maps_of_layers():
    channels = torch.arange(24.0).view(2, 3, 4)
    assert torch.equal(map_of(channels), channels[0] + channels[1])
    units = map_of(torch.arange(11.0))
    assert units.shape == (4, 3)
    assert torch.equal(units.flatten()[:11], torch.arange(11.0))
    assert units[3, 2].isnan()
    assert map_of(torch.ones(64, 1, 1)).shape == (8, 8)
    assert torch.equal(by_channel(channels), channels.sum((1, 2)))


def test_small_pictures_are_of_one_size_each_on_its_own_scale():
    fine, coarse = torch.randn(8, 6), 100 * torch.randn(4, 3)
    pictures = thumbnails([fine, coarse])
    np.testing.assert_array_equal(pictures[0], to_rgb(fine, symmetric_limit(fine)))
    np.testing.assert_array_equal(
        pictures[1], to_rgb(coarse, symmetric_limit(coarse)).repeat(2, axis=0).repeat(2, axis=1)
    )
    large = torch.randn(1, 128, 128)
    mean = large.view(64, 2, 64, 2).mean((1, 3))
    np.testing.assert_array_equal(thumbnails([large[0]])[0], to_rgb(mean, symmetric_limit(mean)))


def test_a_cell_of_a_map_means_the_strongest_neuron_there():
    model, flow = flow_of("max pooling", "EpsilonPlus")
    first, *_, last = layers_of(flow, model)
    relevance = torch.zeros(first.shape)
    relevance[2, 3, 1], relevance[1, 3, 1], relevance[0, 0, 0] = -5, 2, 9
    assert index_at(first, relevance, (3, 1), None) == (2, 3, 1)
    assert index_at(first, relevance, (3, 1), 1) == (1, 3, 1)
    assert index_at(first, relevance, None, None) == (0, 0, 0)
    assert cell_of(first, (2, 3, 1)) == (3, 1)
    units = torch.tensor([1.0, -4.0, 2.0])
    for unit in range(3):
        assert index_at(last, units, cell_of(last, (unit,)), None) == (unit,)
    assert index_at(last, units, (1, 1), None) == (1,), "a place without a unit: the strongest"


def test_the_drawing_has_the_nets_weights_and_the_messages_add_up():
    model, flow = flow_of("dense", "Epsilon")
    layers, composite = layers_of(flow, model), COMPOSITES["Epsilon"]
    drawing = drawing_of(flow, layers, composite, ("a", "b", "c"))
    assert [len(column.units) for column in drawing.columns] == [7, 12, 12, 3]
    assert drawing.layers == [None, 0, 1, 2]
    assert list(drawing.columns[-1].labels) == ["a", "b", "c"]
    for weights, module in zip(drawing.weights, (model[0], model[2], model[4]), strict=True):
        np.testing.assert_array_equal(weights, module.weight.detach().T)
    for index, flows in enumerate(drawing.flows):
        left = drawing.columns[index]
        np.testing.assert_allclose(flows.sum(1), left.relevance, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(drawing.columns[0].relevance, flow.relevance[0], rtol=1e-12)


def test_a_large_layer_shows_its_strongest_units_and_what_the_others_add_up_to():
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(300, 40), nn.ReLU(), nn.Linear(40, 20), nn.ReLU(), nn.Linear(20, 15))
    flow = relevance_flow(model, torch.rand(1, 300), 14)
    drawing = drawing_of(flow, layers_of(flow, model), COMPOSITES["EpsilonPlus"], tuple(map(str, range(15))))
    hidden, second, classes = drawing.columns
    relevance = flow.steps[0].passed[0][0]
    assert set(second.units.tolist()) == set(relevance.abs().topk(12).indices.tolist())
    assert second.rest == pytest.approx(float(relevance.sum() - relevance[second.units].sum()))
    assert (hidden.total, second.total, classes.total) == (40, 20, 15)
    assert 14 in classes.units
    assert set(classes.units.tolist()) >= set(flow.logits[0].topk(11).indices.tolist()) - {14}


def test_a_net_without_a_dense_layer_has_an_empty_drawing():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    flow = relevance_flow(model, torch.rand(1, 1, 6, 6), 0)
    drawing = drawing_of(flow, layers_of(flow, model), COMPOSITES["EpsilonPlus"], ("a", "b", "c"))
    assert (drawing.columns, drawing.weights, drawing.flows) == ([], [], [])
