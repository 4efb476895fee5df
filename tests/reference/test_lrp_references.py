"""LRP's rules and composites against zennit, in float64, raw values.

Zennit hooks modules, each of which must be used once: nets with functional, in-place or reused ReLUs, with skips and
with BatchNorm are compared with a twin of modules (tests/support/twins.py), its BatchNorms merged, its sum a module.

Differences of convention:

- Zennit adds 1e-6 to every denominator; here only Epsilon has an ε, and 0 / 0 is 0. Zennit's is made tiny.
- Zennit takes the bias into every rule's denominator but Flat's, here z⁺, αβ and w² leave it out. Both ways are
  compared: `zero_params="bias"` there, or `bias=True` here. Of w² zennit's default has `b²` in the denominator, which
  the paper has not; it is not offered here.
- Zennit's composites give their pooling and activations the same rules as here: average pooling in proportion, max
  pooling to the winner, activations unchanged.
- Zennit's ZBox takes its bounds at the layer it is put on; here they are those of the model's input.
- Zennit's γ-rule decides by the sign of the output with its bias, also if the sums leave it out; so does ours.
"""

import pytest
import torch
from nets import NETS, net
from torch import nn
from torchvision_nets import torchvision
from twins import twin

from xaiwidgets.datasets import load_dataset
from xaiwidgets.methods.composites import COMPOSITES, Composite
from xaiwidgets.methods.lrp import lrp
from xaiwidgets.methods.lrp_input_rules import Flat, WSquare, ZBox
from xaiwidgets.methods.lrp_rules import AlphaBeta, Epsilon, Gamma, ZPlus
from xaiwidgets.models import load_model

torchvision()  # zennit imports it
from zennit import rules as theirs  # noqa: E402
from zennit.attribution import Gradient  # noqa: E402
from zennit.composites import LayerMapComposite, SpecialFirstLayerMapComposite  # noqa: E402
from zennit.layer import Sum  # noqa: E402
from zennit.types import Activation, AvgPool, Convolution, Linear  # noqa: E402

TINY, LOW, HIGH = 1e-15, -6.0, 7.0
close = {"rtol": 1e-7, "atol": 1e-11}
every_net = pytest.mark.parametrize("name", NETS)
without = {"stabilizer": TINY, "zero_params": "bias"}
with_bias = {"stabilizer": TINY}
IN_PLACE = "first operation in place"


def box(name):
    """Zennit's ZBox for the first layer of a net; one begins with a ReLU, which cuts the lower bound."""
    return theirs.ZBox(low=max(LOW, 0.0) if name == IN_PLACE else LOW, high=HIGH, stabilizer=TINY)


RULES = {
    "LRP-0": (Epsilon(0.0), lambda: theirs.Epsilon(epsilon=TINY)),
    "LRP-0 without bias": (Epsilon(0.0, bias=False), lambda: theirs.Epsilon(epsilon=TINY, zero_params="bias")),
    "Epsilon": (Epsilon(0.1), lambda: theirs.Epsilon(epsilon=0.1)),
    "Epsilon without bias": (Epsilon(0.1, bias=False), lambda: theirs.Epsilon(epsilon=0.1, zero_params="bias")),
    "Gamma": (Gamma(0.25), lambda: theirs.Gamma(0.25, **with_bias)),
    "Gamma without bias": (Gamma(2.0, bias=False), lambda: theirs.Gamma(2.0, **without)),
    "ZPlus": (ZPlus(), lambda: theirs.ZPlus(**without)),
    "ZPlus with bias": (ZPlus(bias=True), lambda: theirs.ZPlus(**with_bias)),
    "AlphaBeta": (AlphaBeta(2, 1), lambda: theirs.AlphaBeta(2, 1, **without)),
    "AlphaBeta with bias": (AlphaBeta(2, 1, bias=True), lambda: theirs.AlphaBeta(2, 1, **with_bias)),
    "AlphaBeta, 3 and 2": (AlphaBeta(3, 2), lambda: theirs.AlphaBeta(3, 2, **without)),
    "WSquare": (WSquare(), lambda: theirs.WSquare(**without)),
    "Flat": (Flat(), lambda: theirs.Flat(stabilizer=TINY)),
}
BASE = [(Activation, theirs.Pass()), (Sum, theirs.Norm(stabilizer=TINY)), (AvgPool, theirs.Norm(stabilizer=TINY))]


def zennit(name, convolution, dense, first=None):
    """Zennit's relevance of the target's logit, with a rule for each kind of layer."""
    model, x, target = net(name)
    return zennit_of(twin(model, merged=True, added=Sum), x, target, convolution, dense, first)


def zennit_of(model, x, target, convolution, dense, first=None):
    layers = [*BASE, (Convolution, convolution), (nn.Linear, dense)]
    composite = SpecialFirstLayerMapComposite(layers, [(Linear, first)]) if first else LayerMapComposite(layers)
    chosen = torch.eye(model(x.clone()).shape[1], dtype=x.dtype)[target]
    with Gradient(model, composite, attr_output=lambda out: out * chosen) as attributor:
        return attributor(x.clone())[1].detach()


@every_net
@pytest.mark.parametrize("rule", RULES)
def test_a_rule_for_all_layers(name, rule):
    model, x, target = net(name)
    ours, there = RULES[rule]
    expected = zennit(name, there(), there())
    torch.testing.assert_close(lrp(model, x, target, rules=ours), expected, **close)


FIRST = {
    "ZBox": (ZBox(LOW, HIGH), box),
    "WSquare": (WSquare(), lambda name: theirs.WSquare(**without)),
    "Flat": (Flat(), lambda name: theirs.Flat(stabilizer=TINY)),
}


@every_net
@pytest.mark.parametrize("first", FIRST)
def test_a_rule_for_the_first_layer(name, first):
    model, x, target = net(name)
    ours, there = FIRST[first]
    composite = Composite(convolution=ZPlus(), dense=Epsilon(0.01), first=ours)
    expected = zennit(name, theirs.ZPlus(**without), theirs.Epsilon(epsilon=0.01), there(name))
    torch.testing.assert_close(lrp(model, x, target, rules=composite), expected, **close)


NAMED = {
    "EpsilonPlus": (lambda: theirs.ZPlus(**without), None),
    "EpsilonPlusFlat": (lambda: theirs.ZPlus(**without), lambda name: theirs.Flat(stabilizer=TINY)),
    "EpsilonGammaBox": (lambda: theirs.Gamma(0.25, **with_bias), box),
    "EpsilonAlpha2Beta1": (lambda: theirs.AlphaBeta(2, 1, **without), None),
    "EpsilonAlpha2Beta1Flat": (lambda: theirs.AlphaBeta(2, 1, **without), lambda name: theirs.Flat(stabilizer=TINY)),
}


@every_net
@pytest.mark.parametrize("composite", NAMED)
def test_a_composite(name, composite):
    model, x, target = net(name)
    convolution, first = NAMED[composite]
    ours = COMPOSITES[composite]
    if composite == "EpsilonGammaBox":
        ours = Composite(ours.convolution, ours.dense, first=ZBox(LOW, HIGH))
    expected = zennit(name, convolution(), theirs.Epsilon(epsilon=1e-6), first(name) if first else None)
    torch.testing.assert_close(lrp(model, x, target, rules=ours), expected, **close)


@pytest.mark.parametrize(("network", "data"), [("scenes-cnn", "scenes"), ("digits-cnn", "digits")])
@pytest.mark.parametrize("composite", NAMED)
def test_a_composite_on_the_courses_networks(network, data, composite):
    """They begin with 2 x - 1, which passes relevance on unchanged; zennit gets what comes out, and its bounds."""
    model, pictures = load_model(network).double(), load_dataset(data)[:3]
    x, target = pictures.images.double(), pictures.labels
    convolution, first = NAMED[composite]
    bounded = theirs.ZBox(low=-1.0, high=1.0, stabilizer=TINY) if composite == "EpsilonGammaBox" else None
    given = (convolution(), theirs.Epsilon(epsilon=1e-6), bounded or (first and first(network)))
    expected = zennit_of(model[1:], 2 * x - 1, target, *given)
    torch.testing.assert_close(lrp(model, x, target, rules=composite), expected, **close)


@every_net
@pytest.mark.parametrize("first", ["ZBox", "WSquare"])
def test_deep_taylor_decomposition(name, first):
    """Zennit has no composite for it: z⁺ everywhere, and a rule for the input's domain in the first layer."""
    model, x, target = net(name)
    ours, there = FIRST[first]
    known = COMPOSITES["DeepTaylor" if first == "ZBox" else "DeepTaylorReals"]
    composite = Composite(known.convolution, known.dense, first=ours)
    expected = zennit(name, theirs.ZPlus(**without), theirs.ZPlus(**without), there(name))
    torch.testing.assert_close(lrp(model, x, target, rules=composite), expected, **close)


@every_net
def test_the_compared_maps_tell_the_rules_apart(name):
    """Else the tests above could not see a rule in the place of another."""
    model, x, target = net(name)
    maps = {rule: lrp(model, x, target, rules=ours) for rule, (ours, _) in RULES.items()}
    pairs = [(a, b) for i, a in enumerate(RULES) for b in list(RULES)[i + 1 :]]
    same = [(a, b) for a, b in pairs if torch.allclose(maps[a], maps[b], **close)]
    assert same == []


def test_every_named_composite_is_compared_here():
    one_rule = {"LRP-0", "Epsilon", "Gamma", "AlphaBeta", "ZPlus"}
    assert set(COMPOSITES) == set(NAMED) | one_rule | {"DeepTaylor", "DeepTaylorReals"}
    for name in one_rule:
        assert COMPOSITES[name].convolution == COMPOSITES[name].dense
        assert type(COMPOSITES[name].dense) is type(RULES[name][0])


@pytest.mark.parametrize("name", ["functional ReLU", "skip, BatchNorm, reused ReLU", "average pooling, in-place ReLU"])
@pytest.mark.parametrize("rules", ["EpsilonPlus", "EpsilonAlpha2Beta1", "Gamma"])
def test_functional_in_place_and_reused_relus_give_the_maps_of_their_modules(name, rules):
    model, x, target = net(name)
    found, expected = lrp(model, x, target, rules=rules), lrp(twin(model), x, target, rules=rules)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-15)
