"""Laws of LRP on nets of every kind: conservation, LRP-0, spellings, where it starts and what it passes."""

import pytest
import torch
from nets import NETS, net, snapshot
from torch import nn
from torch.nn import functional as F

from xaiwidgets.methods.composites import COMPOSITES, Composite
from xaiwidgets.methods.gradients import gradient_x_input
from xaiwidgets.methods.lrp import lrp, lrp_of_unit, relevance_flow
from xaiwidgets.methods.lrp_input_rules import ZBox
from xaiwidgets.methods.lrp_other_rules import Proportional
from xaiwidgets.methods.lrp_rules import LRP0, Epsilon, Gamma, ZPlus

every_net = pytest.mark.parametrize("name", NETS)
close = {"rtol": 1e-9, "atol": 1e-12}


def score(model, x, target):
    return model(x.clone()).gather(1, target[:, None])[:, 0].detach()


@every_net
def test_lrp_0_is_gradient_x_input(name):
    """Also through max and average pooling, skip connections and merged BatchNorm, with biases."""
    model, x, target = net(name)
    torch.testing.assert_close(lrp(model, x, target, rules="LRP-0"), gradient_x_input(model, x, target), **close)


@every_net
@pytest.mark.parametrize("pooling", [None, Proportional()], ids=["winner", "proportional"])
def test_relevance_is_conserved_without_biases(name, pooling):
    """LRP-0 with biases left out loses nothing, in the sum and from one operation to the next."""
    if pooling is not None and name != "functional ReLU":
        name = "max pooling"
    model, x, target = net(name)
    rules = Composite(LRP0, LRP0, pooling=pooling or Composite(LRP0, LRP0).pooling).without_bias()
    flow = relevance_flow(model, x, target, rules=rules)
    torch.testing.assert_close(flow.relevance.flatten(1).sum(1), score(model, x, target), rtol=1e-7, atol=1e-10)
    for step in flow.steps:
        torch.testing.assert_close(step.absorbed, torch.zeros_like(step.absorbed), rtol=0, atol=1e-9)


@every_net
def test_what_a_bias_absorbs_is_what_is_missing(name):
    model, x, target = net(name)
    flow = relevance_flow(model, x, target, rules="LRP-0")
    absorbed = sum(step.absorbed for step in flow.steps)
    torch.testing.assert_close(flow.relevance.flatten(1).sum(1) + absorbed, flow.start.sum(1), rtol=1e-7, atol=1e-10)
    assert torch.equal(flow.relevance, lrp(model, x, target, rules="LRP-0"))
    assert torch.equal(flow.start.sum(1), score(model, x, target))


@every_net
@pytest.mark.parametrize("rules", COMPOSITES)
def test_a_batch_is_its_inputs_one_by_one_and_float32_agrees(name, rules):
    model, x, target = net(name)
    x = x.sigmoid()
    together = lrp(model, x, target, rules=rules)
    alone = torch.cat([lrp(model, x[n : n + 1], target[n : n + 1], rules=rules) for n in range(3)])
    torch.testing.assert_close(together, alone, **close)
    single = lrp(net(name, torch.float32)[0], x.float(), target, rules=rules)
    assert single.dtype == torch.float32
    assert (single - together).abs().max() <= 2e-3 * together.abs().max()


class Spelled(nn.Module):
    """One net, its operations spelled in different ways."""

    def __init__(self, spelling):
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(2, 4, 3), nn.Conv2d(4, 4, 3)])
        self.norm = nn.BatchNorm2d(4)
        self.head = nn.Linear(4, 3)
        self.relu = nn.ReLU(inplace=spelling == "in-place module")
        self.spelling = spelling

    def forward(self, x):
        first = self.act(self.layers[0](x))
        second = self.act(self.norm(self.layers[1](first)))
        x = self.plus(second, first[:, :, 1:-1, 1:-1])
        if self.spelling == "functions":
            x = torch.flatten(F.adaptive_avg_pool2d(F.max_pool2d(x, 2), 1), 1)
            return torch.matmul(x, self.head.weight.T) + self.head.bias
        return self.head(torch.max_pool2d(x, 2).mean((2, 3)))

    def act(self, z):
        if self.spelling == "in place, result ignored":
            z.relu_()
            return z
        return {"functions": F.relu, "method": torch.Tensor.relu}.get(self.spelling, self.relu)(z)

    def plus(self, a, b):
        if self.spelling == "in-place module":
            a += b
            return a
        return torch.add(a, b) if self.spelling == "functions" else a + b


@pytest.mark.parametrize("spelling", ["functions", "method", "in-place module", "in place, result ignored"])
@pytest.mark.parametrize("rules", ["EpsilonPlus", "EpsilonGammaBox", "EpsilonAlpha2Beta1", "LRP-0"])
def test_the_spelling_makes_no_difference(spelling, rules):
    torch.manual_seed(5)
    plain = Spelled("module").double().eval()
    nn.init.normal_(plain.norm.running_mean)
    other = Spelled(spelling).double().eval()
    other.load_state_dict(plain.state_dict())
    x = torch.rand(2, 2, 9, 8, dtype=torch.float64)
    composite = COMPOSITES[rules].without_bias()  # a bias that is added by hand is a constant, not a layer's
    torch.testing.assert_close(lrp(other, x, 1, rules=composite), lrp(plain, x, 1, rules=composite), **close)


def test_batchnorm_is_merged_into_the_layer_before_it():
    torch.manual_seed(2)
    conv, norm = nn.Conv2d(2, 3, 3).double(), nn.BatchNorm2d(3).double()
    for values in (norm.weight, norm.bias, norm.running_mean):
        nn.init.normal_(values)
    nn.init.uniform_(norm.running_var, 0.5, 2)
    tail = [nn.ReLU(), nn.Flatten(), nn.Linear(3 * 6 * 5, 2).double()]
    merged = nn.utils.fusion.fuse_conv_bn_eval(conv.eval(), norm.eval())
    x = torch.randn(2, 2, 8, 7, dtype=torch.float64)
    for rules in (Gamma(0.3), ZPlus(bias=True), Epsilon(0.1), "EpsilonAlpha2Beta1"):
        expected = lrp(nn.Sequential(merged, *tail), x, 1, rules=rules)
        torch.testing.assert_close(lrp(nn.Sequential(conv, norm, *tail), x, 1, rules=rules), expected, **close)


def test_against_explains_the_difference_of_two_scores():
    model, x, _ = net("max pooling")
    flow = relevance_flow(model, x, 0, against=2, rules="LRP-0")
    logits = model(x).detach()
    assert torch.equal(flow.start, torch.stack([logits[:, 0], 0 * logits[:, 1], -logits[:, 2]], 1))
    difference = nn.Linear(model[-1].in_features, 1).double()
    with torch.no_grad():
        difference.weight.copy_(model[-1].weight[[0]] - model[-1].weight[[2]])
        difference.bias.copy_(model[-1].bias[[0]] - model[-1].bias[[2]])
    expected = lrp(nn.Sequential(*model[:-1], difference), x, 0, rules="LRP-0")
    torch.testing.assert_close(flow.relevance, expected, **close)
    with pytest.raises(ValueError, match="against must be another class than target, got 1 for both"):
        lrp(model, x, torch.tensor([0, 1, 2]), against=1)
    with pytest.raises(ValueError, match="target must be a class index from 0 to 2, got 3"):
        lrp(model, x, 0, against=3)


def test_filters_share_out_the_whole():
    """Relevance through single channels, or through a mask and its opposite, adds up to all of it."""
    model, x, target = net("functional ReLU")
    whole = lrp(model, x, target)
    parts = [lrp(model, x, target, through={"second": channel}) for channel in range(4)]
    torch.testing.assert_close(sum(parts), whole, **close)
    assert all(not torch.equal(part, whole) for part in parts)
    mask = torch.rand(model.first(x).shape[1:]) > 0.5
    halves = [lrp(model, x, target, through={"first": half}) for half in (mask, ~mask)]
    torch.testing.assert_close(sum(halves), whole, **close)
    both = lrp(model, x, target, through={"first": [0, 2], "second": 1})
    one = [lrp(model, x, target, through={"first": channel, "second": 1}) for channel in (0, 2)]
    torch.testing.assert_close(both, sum(one), **close)


def test_a_hidden_unit_is_explained_like_an_output():
    model, x, _ = net("max pooling")
    shape = model[:3](x).shape
    for unit, chosen in ((2, (slice(None), 2)), ((1, 2, 0), (slice(None), 1, 2, 0))):
        mask = torch.zeros(shape[1:], dtype=torch.bool)
        mask[unit] = True

        class Unit(nn.Module):
            def __init__(self):
                super().__init__()
                self.features = model[:3]

            def forward(self, x, chosen=chosen):
                return self.features(x)[chosen].reshape(len(x), -1).sum(1, keepdim=True)

        expected = lrp(Unit(), x, 0, rules="LRP-0")
        torch.testing.assert_close(lrp_of_unit(model, x, "2", unit, rules="LRP-0"), expected, **close)
        assert torch.equal(lrp_of_unit(model, x, "2", mask), lrp_of_unit(model, x, "2", unit))


def test_steps_tell_layer_rule_and_relevance():
    model, x, target = net("skip, BatchNorm, reused ReLU")
    flow = relevance_flow(model, x, target, rules=Composite(ZPlus(), Epsilon(), first=ZBox(-9.0, 9.0)))
    told = [(step.layer, step.operation, step.rule) for step in flow.steps]
    assert told[0] == ("head", "linear", "Epsilon")
    assert told[-1] == ("stem", "convolution", "ZBox")
    assert ("inner.0", "convolution", "ZPlus") in told
    assert [layer for layer, operation, _ in told if operation == "relu"] == ["relu"] * 3
    add = next(step for step in flow.steps if step.operation == "add")
    torch.testing.assert_close(sum(add.x), add.output, **close)
    torch.testing.assert_close(sum(add.passed), add.arriving, **close)


@every_net
def test_the_model_is_left_as_it_was_found_after_an_error_too(name):
    model, x, target = net(name)
    before, kept = snapshot(model), x.clone()
    relevance_flow(model, x, target)

    class Broken:
        def propagate(self, layer, relevance):
            raise KeyError("a mistake in a rule")

    with pytest.raises(KeyError, match="a mistake in a rule"):
        lrp(model, x, target, rules=Broken())
    assert snapshot(model) == before
    assert torch.equal(x, kept)
