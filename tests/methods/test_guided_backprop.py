"""Guided backpropagation and deconvolution against a way back by hand, and however a ReLU is written."""

import threading

import pytest
import torch
from guided_by_hand import LITERAL, AsModules, by_hand
from nets import NETS, net, snapshot
from torch import nn
from torch.nn import functional as F

from xaiwidgets.backward import RELU_RULES
from xaiwidgets.methods.gradients import gradient
from xaiwidgets.methods.guided_backprop import (
    backpropagation,
    deconvolution,
    guided_backpropagation,
    relu_layers,
    relu_steps,
)
from xaiwidgets.models.architectures import SceneResNet, scenes_cnn

each_net = pytest.mark.parametrize("name", NETS)
each_rule = pytest.mark.parametrize("rule", RELU_RULES)
CLOSE = {"rtol": 1e-10, "atol": 1e-13}


@each_net
@each_rule
def test_a_map_is_what_the_rule_gives_neuron_by_neuron(name, rule):
    model, x, target = net(name)
    count = len(relu_layers(model, x))
    found = backpropagation(model, x, target, rule=rule)
    torch.testing.assert_close(found, by_hand(name, [rule] * count), **CLOSE)


@each_net
@each_rule
def test_a_relu_is_known_however_it_is_written(name, rule):
    model, x, target = net(name)
    found = backpropagation(AsModules(name), x, target, rule=rule)
    assert torch.equal(found, backpropagation(model, x, target, rule=rule))


@each_net
def test_each_relu_can_have_a_rule_of_its_own(name):
    model, x, target = net(name)
    names = relu_layers(model, x)
    for shift in range(3):
        rules = [list(RELU_RULES)[(place + shift) % 3] for place in range(len(names))]
        expected = by_hand(name, rules)
        by_index = backpropagation(model, x, target, layers=dict(enumerate(rules)))
        by_name = backpropagation(model, x, target, layers=dict(zip(names, rules, strict=True)))
        torch.testing.assert_close(by_index, expected, **CLOSE)
        assert torch.equal(by_name, by_index)


def test_layers_that_are_not_named_keep_the_rule():
    name = "max pooling"
    model, x, target = net(name)
    found = backpropagation(model, x, target, rule="deconvolution", layers={"4": "gradient"})
    torch.testing.assert_close(found, by_hand(name, ["deconvolution", "gradient"]), **CLOSE)


@each_net
def test_the_plain_rule_everywhere_is_the_gradient(name):
    model, x, target = net(name)
    assert torch.equal(backpropagation(model, x, target, rule="gradient"), gradient(model, x, target))


def test_the_named_methods_are_their_rules():
    model, x, target = net("functional ReLU")
    for method, rule in ((guided_backpropagation, "guided"), (deconvolution, "deconvolution")):
        assert torch.equal(method(model, x, target), backpropagation(model, x, target, rule=rule))


@each_rule
def test_where_no_relu_gates_every_rule_is_the_gradient(rule):
    """Weights and inputs are positive: so is every pre-activation, and all that arrives."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 6), nn.ReLU(), nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 3)).double()
    with torch.no_grad():
        for weight in model.parameters():
            weight.abs_()
    x = torch.rand(4, 5, dtype=torch.float64)
    expected = model[4].weight @ model[2].weight @ model[0].weight
    torch.testing.assert_close(backpropagation(model, x, 1, rule=rule), expected[1].expand(4, 5).detach())


@each_rule
def test_a_net_without_relus_gives_its_gradient(rule):
    model = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)).double()
    x = torch.randn(2, 4, dtype=torch.float64)
    assert relu_layers(model, x) == []
    assert torch.equal(backpropagation(model, x, 0, rule=rule), gradient(model, x, 0))


def test_guided_needs_both_gates():
    """One neuron, z = w x: forward gate by x, backward gate by v."""
    cases = {(1.0, 1.0): (1, 1, 1), (-1.0, 1.0): (0, 0, 1), (1.0, -1.0): (-1, 0, 0), (-1.0, -1.0): (0, 0, 0)}
    for (x, v), expected in cases.items():
        model = nn.Sequential(nn.Linear(1, 1, bias=False), nn.ReLU(), nn.Linear(1, 1, bias=False)).double()
        with torch.no_grad():
            model[0].weight.fill_(1)
            model[2].weight.fill_(v)
        found = [float(backpropagation(model, torch.full((1, 1), x).double(), 0, rule=rule)) for rule in RELU_RULES]
        assert dict(zip(RELU_RULES, found, strict=True)) == dict(
            zip(("gradient", "guided", "deconvolution"), expected, strict=True)
        )


def test_deconvolution_keeps_the_switches_of_max_pooling():
    model = nn.Sequential(nn.MaxPool1d(2), nn.ReLU(), nn.Flatten(), nn.Linear(3, 2)).double()
    x = torch.tensor([[[-3.0, -1.0, 5.0, 2.0, -4.0, -9.0]]], dtype=torch.float64)
    passed = model[3].weight[1].clamp(min=0).tolist()
    found = deconvolution(model, x, 1)[0, 0].tolist()
    assert found == [0, passed[0], passed[1], 0, passed[2], 0]


def test_without_switches_deconvolution_does_not_see_the_picture():
    """What arrives depends on the weights only: every input gets the same map."""
    torch.manual_seed(1)
    model = nn.Sequential(
        *(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(4, 4, 2), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(4 * 6, 3)),
    ).double()
    x = torch.randn(3, 1, 8, 10, dtype=torch.float64)
    found = deconvolution(model, x, 2)
    assert found.abs().max() > 0
    torch.testing.assert_close(found, found[:1].expand_as(found))
    assert not torch.allclose(guided_backpropagation(model, x, 2)[0], guided_backpropagation(model, x, 2)[1])


@each_net
@each_rule
def test_steps_lead_from_the_score_to_the_map(name, rule):
    model, x, target = net(name)
    steps = relu_steps(model, x, target, rule=rule)
    assert [step.layer for step in steps] == relu_layers(model, x)
    for _, z, arriving, passed in steps:
        pairs = zip(z.flatten().tolist(), arriving.flatten().tolist(), strict=True)
        assert passed.flatten().tolist() == [LITERAL[rule](*pair) for pair in pairs]


def test_steps_hold_the_pre_activations_and_follow_the_choice():
    model, x, target = net("max pooling")
    first, second = relu_steps(model, x, target, rule="gradient", layers={1: "deconvolution"})
    torch.testing.assert_close(first.z, model[0](x).detach())
    torch.testing.assert_close(second.arriving.flatten(1), model[-1].weight[target].detach())
    assert torch.equal(second.passed, second.arriving.clamp(min=0))
    assert torch.equal(first.passed, first.arriving * (first.z > 0))


class Blocks(nn.Module):
    """ReLUs in the parts of a net: one module used twice, and two functions in one block."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
        self.block = Block()
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        return torch.clamp(self.act(self.block(self.act(self.first(x)))), min=0)


class Block(nn.Module):
    def forward(self, x):
        return F.relu(1 - F.relu(x))


def test_names_of_relus():
    model, x = Blocks(), torch.randn(1, 4)
    names = ["first.1", "act (1)", "block (1)", "block (2)", "act (2)", "relu"]
    assert relu_layers(model, x) == names
    both = backpropagation(model, x, 0, rule="gradient", layers={"act": "guided"})
    each = backpropagation(model, x, 0, rule="gradient", layers={"act (1)": "guided", 4: "guided"})
    assert torch.equal(both, each)
    assert relu_layers(scenes_cnn(), torch.zeros(1, 3, 64, 64)) == ["2", "5", "8", "10", "12"]
    assert relu_layers(SceneResNet(), torch.zeros(1, 3, 64, 64))[:3] == ["relu", "blocks.0 (1)", "blocks.0 (2)"]


def test_an_input_is_explained_alike_alone_and_in_a_batch():
    model, x, target = net("skip, BatchNorm, reused ReLU")
    for method in (guided_backpropagation, deconvolution):
        torch.testing.assert_close(method(model, x[1:2], target[1:2]), method(model, x, target)[1:2])


@each_net
def test_the_model_is_left_as_found_also_after_an_error(name):
    model, x, target = net(name)
    model.train()
    before, given = snapshot(model), x.clone()
    relu_steps(model, x, target, layers={0: "deconvolution"})
    for wrong in ({"layers": {"no such": "guided"}}, {"layers": {0: "magic"}}, {"rule": "magic"}):
        with pytest.raises(ValueError, match=r"must be one of|has no ReLU"):
            backpropagation(model, x, target, **wrong)
    with pytest.raises(ValueError, match="target must be a class index"):
        guided_backpropagation(model, x, 3)
    assert snapshot(model) == before
    assert torch.equal(x, given)


def test_two_threads_explain_one_model_by_two_rules():
    model, x, target = net("functional ReLU")
    expected = {rule: backpropagation(model, x, target, rule=rule) for rule in RELU_RULES}
    wrong, start = [], threading.Barrier(len(RELU_RULES))

    def explain(rule):
        start.wait()
        for _ in range(20):
            found = backpropagation(model, x, target, rule=rule, layers={"relu (2)": rule})
            if not torch.equal(found, expected[rule]):
                wrong.append(rule)

    threads = [threading.Thread(target=explain, args=(rule,)) for rule in RELU_RULES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rule": "guide"}, "rule must be one of 'gradient', 'guided', 'deconvolution', got 'guide'"),
        (
            {"layers": {"1": "guide"}},
            r"layers\['1'\] must be one of .*'deconvolution', got 'guide'",
        ),
        ({"layers": {"block (3)": "guided"}}, r"layers has no ReLU 'block \(3\)'; near names: block \("),
        ({"layers": {"frist.1": "guided"}}, "layers has no ReLU 'frist.1'; near names: first.1"),
        ({"layers": {"zzz": "guided"}}, r"layers has no ReLU 'zzz'; near names: first.1, act \(1\), block \(1\)"),
        ({"layers": {6: "guided"}}, r"layers has no ReLU of index 6; the model runs 6 \(the first is 0\)"),
        ({"layers": {-1: "guided"}}, "layers has no ReLU of index -1"),
        ({"x": torch.zeros(1, 5), "layers": {0: "guided"}}, r"model failed on inputs of shape \(5,\)"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        backpropagation(Blocks(), **{"x": torch.zeros(1, 4), "target": 0} | arguments)
