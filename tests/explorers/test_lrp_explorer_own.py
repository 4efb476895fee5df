"""The LRP explorer with rules, models and pictures of one's own."""

import re

import numpy as np
import pytest
import torch
from lrp_parts import Broken, MyRule, choose, expect, net, pictures, shown, small_explorer
from nets import snapshot
from small import leaves_nothing, settle
from torch import nn

from xaiwidgets.colors import picture
from xaiwidgets.explorers import LRPExplorer
from xaiwidgets.methods.composites import Composite
from xaiwidgets.methods.lrp import lrp
from xaiwidgets.methods.lrp_input_rules import ZBox
from xaiwidgets.methods.lrp_rules import Epsilon, Gamma, ZPlus
from xaiwidgets.models import load_model


@pytest.fixture
def explorer():
    made = small_explorer()
    yield made
    made.close()


def test_a_rule_of_ones_own_is_used_for_a_layer_and_for_all(explorer):
    choose(explorer, {"3": "mine"})
    expect(explorer, Composite(ZPlus(), Epsilon(), layers={"3": MyRule()}))
    choose(explorer, {"3": "as the composite"}, composite="mine")
    expect(explorer, MyRule())
    assert "your own rule" in explorer.views.neuron.value
    made = LRPExplorer(net(), pictures(), rules=MyRule())
    np.testing.assert_allclose(shown(made), lrp(made.model, pictures()[:1], made.views.scores.selected,
                                                rules=MyRule()).sum(1)[0], rtol=1e-4, atol=1e-7)  # fmt: skip
    assert made.views.whole.values["composite"] == "as given"
    made.close()


def test_an_error_in_ones_own_rule_is_shown_with_its_line_and_what_was_shown_stays(explorer):
    before = shown(explorer)
    explorer.views.single.values = {"3": "broken"}
    assert explorer.wait(20)
    assert explorer.status.state == "error"
    assert "AttributeError: 'LinearLayer' object has no attribute 'nothing'" in explorer.status.error
    assert "in propagate, line" in explorer.status.error
    assert "return relevance / layer.nothing" in explorer.status.error
    assert shown(explorer) is before
    choose(explorer, {"3": "mine"})
    assert explorer.status.error == ""


class Returns:
    def __init__(self, what):
        self.what = what

    def propagate(self, layer, relevance):
        return self.what(layer, relevance)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (lambda layer, relevance: None, "rule 'odd' must return the relevance of its layer's input, .*; got NoneType"),
        (lambda layer, relevance: relevance, r"shape of layer.x, \(1, 6, 5, 4\); got \(1, 5, 3, 2\)"),
    ],
)
def test_what_a_rule_returns_is_checked(what, message):
    made = LRPExplorer(net(), pictures(), own_rules={"odd": Returns(what)})
    before = shown(made)
    made.views.single.values = {"3": "odd"}
    assert made.wait(20)
    assert re.search(message, made.status.error)
    assert shown(made) is before
    made.close()


def test_a_rule_that_gives_no_numbers_is_told_on():
    made = LRPExplorer(net(), pictures(), own_rules={"odd": Returns(lambda layer, relevance: layer.x * torch.nan)})
    choose(made, {"3": "odd"})
    assert "not finite" in made.views.maps.views[0].notice
    assert re.search(r">3 conv</th><td[^>]*>odd</td>.*?not a number !", made.views.meter.value)
    assert "Most: 3 conv, where the rule gives values that are not numbers" in made.views.meter.value
    assert "3 conv: the rule gives values that are not numbers" in made.summary()
    made.close()


def test_an_own_rule_that_is_one_of_lrps_keeps_its_parameters_and_formula():
    made = LRPExplorer(net(), pictures(), own_rules={"strong": Gamma(5.0), "box": ZBox(-1.0, 2.0)})
    choose(made, {"3": "strong", "0": "box"}, gamma=0.5)
    layers = {"3": Gamma(5.0), "0": ZBox(-1.0, 2.0)}
    expect(made, Composite(ZPlus(), Epsilon(), layers=layers), target=made.views.scores.selected)
    assert "Gamma: R<sub>j←k</sub> = (z<sub>jk</sub> + γ" in made.views.neuron.value
    made.close()


def test_of_many_classes_the_largest_scores_are_listed():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(120, 50))
    made = LRPExplorer(model, pictures())
    assert (made.views.scores.order, made.views.scores.maximum) == ("sorted", 20)
    made.close()


def test_it_opens_with_a_broken_rule_and_recovers():
    made = LRPExplorer(net(), pictures(), rules="broken", own_rules={"broken": Broken()})
    assert made.status.state == "error"
    assert "has no attribute 'nothing'" in made.status.error
    assert "the reason stands below" in made.views.maps.views[0].notice
    choose(made, composite="ZPlus")
    np.testing.assert_allclose(
        shown(made), lrp(made.model, pictures()[:1], made.views.scores.selected, rules="ZPlus").sum(1)[0], rtol=1e-4,
        atol=1e-7,
    )  # fmt: skip
    made.close()


class Multiplies(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = net()

    def forward(self, x):
        return self.inner(x) * self.inner(x.flip(-1))


def test_a_model_that_lrp_refuses_opens_with_the_reason():
    made = LRPExplorer(Multiplies(), pictures())
    assert made.status.state == "error"
    assert "LRP has no rule for the operation 'multiply'" in made.status.error
    assert "the reason stands below" in made.views.meter.value
    assert "the reason stands below" in made.views.maps.views[0].notice
    np.testing.assert_array_equal(made.views.input.image, picture(pictures()[0]))
    np.testing.assert_allclose(made.views.scores.values, made.model(pictures()[:1])[0].detach(), rtol=1e-5)
    assert "No maps: UnknownOperationError" in made.summary()
    assert len(made.panels()) == 2
    made.views.gallery.selected = 2
    made.views.display.values = {"contrast": 3}
    made.views.layer_map.hovered = (0, 0)
    assert made.wait(20)
    assert made.status.state == "error"
    made.close()


def test_pictures_and_classes_are_chosen(explorer):
    explorer.views.gallery.selected = 2
    settle(explorer)
    assert (explorer.views.scores.selected, explorer.views.scores.highlight) == (2, 2)
    expect(explorer, "EpsilonPlus", image=2, target=2)
    explorer.views.scores.selected = 3
    settle(explorer)
    expect(explorer, "EpsilonPlus", image=2, target=3)
    explorer.views.gallery.added = np.full((12, 10, 3), 90, np.uint8)
    settle(explorer)
    expected = torch.full((1, 1, 12, 10), 90 / 255)
    target = int(explorer.model(expected).argmax())
    heat = lrp(explorer.model, expected, target).sum(1)[0]
    np.testing.assert_allclose(shown(explorer), heat, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(("name", "layers"), [("digits-mlp", 4), ("digits-cnn", 7), ("scenes-resnet", 16)])
def test_other_nets_of_the_course(name, layers):
    model = load_model(name)
    size = (2, 1, 28, 28) if "digits" in name else (2, 3, 64, 64)
    made = LRPExplorer(model, torch.rand(size, generator=torch.Generator().manual_seed(0)), rules="DeepTaylor")
    assert made.status.error == ""
    assert len(made.layers) == layers == len(made.views.strip.images)
    for index in range(layers):
        made.views.strip.selected = index
        settle(made)
        made.views.channels.selected = 0
        assert made.wait(20)
        functional = made.layers[index].name == ""
        assert ("computed by a function inside a larger module" in made.status.error) == functional, made.status.error
        made.views.actions.values = {"all": index + 1}
        settle(made)
    made.close()


def test_the_user_model_is_left_as_found():
    model = net().train()
    before = snapshot(model)
    made = LRPExplorer(model, pictures(), rules="EpsilonGammaBox")
    made.views.channels.selected = 1
    made.views.layer_map.hovered = (0, 0)
    settle(made)
    made.close()
    assert snapshot(model) == before


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_models_of_every_type_are_served(dtype):
    made = LRPExplorer(net().to(dtype), pictures(), rules="EpsilonGammaBox")
    assert made.status.error == ""
    made.close()


def test_a_saved_notebook_keeps_pictures_and_numbers(explorer):
    bundle = explorer._repr_mimebundle_()
    data = (bundle[0] if isinstance(bundle, tuple) else bundle)["text/html"]
    alt = re.search(r'<img alt="([^"]+)"', data)[1]
    assert "rules EpsilonPlus" in alt
    assert "Layer 3 conv sum" in alt
    assert len(explorer.panels()) == 2 + len(explorer.layers)
    assert len(data) < 200_000


def test_closing_leaves_no_widget_and_no_thread():
    leaves_nothing(
        lambda: LRPExplorer(net(), pictures()), lambda explorer: explorer.views.strip.set_trait("selected", 0)
    )


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"rules": "Epsilonplus"}, ValueError, "rules has no composite 'Epsilonplus'; known composites"),
        ({"rules": 3}, TypeError, "rules must be the name of a composite"),
        ({"own_rules": [MyRule()]}, TypeError, "own_rules must map names to rules"),
        ({"own_rules": {"mine": MyRule}}, TypeError, r"own_rules\['mine'\] must be a rule with propagate"),
        ({"own_rules": {"ZPlus": MyRule()}}, ValueError, "must not use the name 'ZPlus'"),
        ({"images": torch.rand(2, 2, 12, 10)}, ValueError, "images must be"),
        ({"class_names": ["a"]}, ValueError, "class_names must name the model's 4 classes"),
    ],
)
def test_bad_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        LRPExplorer(net(), **{"images": pictures()} | arguments)
