"""Each rule against its formula, neuron by neuron, on dense layers and convolutions of every kind."""

import pytest
import torch
from lrp_by_hand import by_hand, matrix_of
from torch import nn

from xaiwidgets.methods.composites import Composite
from xaiwidgets.methods.lrp import lrp
from xaiwidgets.methods.lrp_input_rules import Flat, WSquare, ZBox
from xaiwidgets.methods.lrp_rules import LRP0, AlphaBeta, Epsilon, Gamma, ZPlus

LAYERS = {
    "dense": (lambda: nn.Linear(6, 4), (6,)),
    "convolution": (lambda: nn.Conv2d(2, 3, 3, padding=1, stride=2), (2, 5, 4)),
    "dilated, in groups": (lambda: nn.Conv2d(2, 4, 2, dilation=2, groups=2), (2, 5, 4)),
    "padding by name": (lambda: nn.Conv2d(1, 2, 2, padding="same"), (1, 4, 3)),
    "one dimension": (lambda: nn.Conv1d(2, 3, 3), (2, 7)),
    "three dimensions": (lambda: nn.Conv3d(1, 2, 2), (1, 3, 3, 3)),
    "transposed": (lambda: nn.ConvTranspose2d(2, 2, 3, stride=2, output_padding=1), (2, 3, 2)),
}
RULES = {
    "LRP-0": (LRP0, "epsilon", {"epsilon": 0.0, "bias": True}),
    "epsilon": (Epsilon(0.3), "epsilon", {"epsilon": 0.3, "bias": True}),
    "epsilon, no bias": (Epsilon(0.3, bias=False), "epsilon", {"epsilon": 0.3, "bias": False}),
    "gamma": (Gamma(0.4), "gamma", {"gamma": 0.4, "bias": True}),
    "gamma, no bias": (Gamma(0.4, bias=False), "gamma", {"gamma": 0.4, "bias": False}),
    "alpha 2 beta 1": (AlphaBeta(), "alpha-beta", {"alpha": 2, "beta": 1, "bias": False}),
    "alpha 3 beta 2, bias": (AlphaBeta(3, 2, bias=True), "alpha-beta", {"alpha": 3, "beta": 2, "bias": True}),
    "z+": (ZPlus(), "alpha-beta", {"alpha": 1, "beta": 0, "bias": False}),
    "z+, bias": (ZPlus(bias=True), "alpha-beta", {"alpha": 1, "beta": 0, "bias": True}),
    "zB": (ZBox(-3.0, 4.0), "zB", {"low": -3.0, "high": 4.0}),
    "w²": (WSquare(), "w²", {}),
    "flat": (Flat(), "flat", {}),
}


class Head(nn.Module):
    """A layer and two weighted sums of its outputs, by which LRP-0 gives its neurons their relevance."""

    def __init__(self, layer, count):
        super().__init__()
        self.layer = layer
        self.head = nn.Linear(count, 2, bias=False)

    def forward(self, x):
        return self.head(self.layer(x).flatten(1))


def case(name, signed):
    make, shape = LAYERS[name]
    with torch.random.fork_rng():
        torch.manual_seed(3)
        layer = make().double()
        x = torch.randn(2, *shape, dtype=torch.float64)
        model = Head(layer, layer(x)[0].numel()).double()
    return model, (x if signed else x.abs()), torch.tensor([0, 1])


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("signed", [True, False], ids=["signed input", "positive input"])
@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_its_formula(rule, name, signed):
    model, x, target = case(name, signed)
    made, formula, parameters = RULES[rule]
    if formula == "flat":
        ones = case(name, signed)[0].layer
        nn.init.ones_(ones.weight)
        parameters = {"reached": matrix_of(ones, tuple(x.shape[1:]))[0]}
    found = lrp(model, x, target, rules=Composite(LRP0, LRP0, layers={"layer": made}))
    output = model.layer(x).detach()
    for n in range(2):
        relevance = output[n] * model.head.weight[target[n]].detach().view(output[n].shape)
        expected = by_hand(formula, model.layer, x[n], relevance, **parameters)
        torch.testing.assert_close(found[n], expected, rtol=1e-9, atol=1e-11)


def test_neurons_that_nothing_goes_into_pass_nothing_on():
    """0/0: a neuron without positive contributions has relevance to give to nobody, and gives no NaN."""
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[-1.0, -1.0], [1.0, 0.0]]))
        model[0].bias.copy_(torch.tensor([3.0, 0.0]))
        model[2].weight.fill_(1.0)
        model[2].bias.zero_()
    found = lrp(model, torch.tensor([[1.0, 1.0]]), 0, rules=ZPlus())
    assert found.tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize(("alpha", "beta"), [(1, 1), (2, 0.5), (0, -1)])
def test_alpha_minus_beta_must_be_one(alpha, beta):
    with pytest.raises(ValueError, match=rf"alpha - beta = 1.*alpha={alpha}, beta={beta}"):
        AlphaBeta(alpha, beta)


def test_z_plus_is_alpha_1_beta_0_and_gamma_leads_there():
    model, x, target = case("convolution", signed=True)
    found = lrp(model, x, target, rules=ZPlus())
    assert torch.equal(found, lrp(model, x, target, rules=AlphaBeta(1, 0)))
    # Without biases: then an active neuron has something positive to share along.
    hidden = nn.Sequential(nn.Linear(3, 4, bias=False), nn.ReLU(), nn.Linear(4, 1, bias=False)).double()
    x = torch.rand(5, 3, dtype=torch.float64)
    with torch.no_grad():
        hidden[2].weight.abs_()  # so that no relevance is negative
    wide = lrp(hidden, x, 0, rules=Gamma(1e9, bias=False))
    torch.testing.assert_close(wide, lrp(hidden, x, 0, rules=ZPlus()), rtol=1e-6, atol=1e-8)


def test_z_box_keeps_relevance_positive_and_names_bounds_that_do_not_hold():
    model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 1, bias=False)).double()
    with torch.no_grad():
        model[2].weight.abs_()
    x = torch.rand(20, 5, dtype=torch.float64)
    assert lrp(model, x, 0, rules="DeepTaylor").min() >= 0
    assert lrp(model, x, 0, rules="Epsilon").min() < 0
    with pytest.raises(ValueError, match=r"ZBox must contain x: 0 to 1 given, x goes from .* to 3 .*values outside"):
        lrp(model, 3 * x / x.max(), 0, rules="DeepTaylor")
    with pytest.raises(ValueError, match="ZBox is for the first layer"):
        lrp(model, x, 0, rules=ZBox())


def test_z_boxs_bounds_are_those_of_x_whatever_the_model_does_to_its_input_first():
    class Normalized(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(6, 3)

        def forward(self, x):
            return self.layer((1 - x.flatten(1)) / 0.2)

    model = Normalized().double()
    x = torch.rand(4, 2, 3, dtype=torch.float64)
    entering = (1 - x.flatten(1)) / 0.2
    expected = lrp(model.layer, entering, 1, rules=ZBox(0.0, 5.0)).view(x.shape)
    torch.testing.assert_close(lrp(model, x, 1, rules=ZBox(0.0, 1.0)), expected)
