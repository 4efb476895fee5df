"""Real networks: SqueezeNet with ImageNet weights on photos, and torchvision's ResNet-18 with random weights."""

import csv

import pytest
import torch
from real_data import FOLDER, needs_real_data, photos, squeezenet
from torchvision_nets import random_net, torchvision

from xaiwidgets.methods.cam import grad_cam, upsampled
from xaiwidgets.methods.composites import COMPOSITES
from xaiwidgets.methods.deeplift import deeplift
from xaiwidgets.methods.gradients import gradient_x_input
from xaiwidgets.methods.lrp import lrp
from xaiwidgets.methods.lrp_rules import Epsilon

FEW = 3


@pytest.fixture(scope="module")
def few():
    x, labels, _, _ = photos()
    return squeezenet(), x[:FEW], labels[:FEW]


def deviation(found, expected):
    """Of each map, relative to its largest value."""
    return (found - expected).flatten(1).abs().amax(1) / expected.flatten(1).abs().amax(1)


@needs_real_data
def test_the_network_ranks_each_object_first_with_the_noted_probability():
    x, labels, masks, _ = photos()
    with torch.no_grad():
        probabilities = squeezenet()(x).softmax(1)
    rows = csv.DictReader((FOLDER / "photos" / "labels.csv").read_text(encoding="utf-8").splitlines())
    noted = torch.tensor([float(row["prob"]) for row in rows])
    assert torch.equal(probabilities.argmax(1), labels)
    torch.testing.assert_close(probabilities.gather(1, labels[:, None])[:, 0], noted, rtol=0, atol=1e-3)
    assert masks.flatten(1).any(1).all()


@needs_real_data
@pytest.mark.parametrize("epsilon", [0.0, 1e-9])
def test_lrp_epsilon_is_gradient_x_input(few, epsilon):
    """Up to what ε absorbs in neurons near zero: with ε = 1e-6 and pixels of 0..255, up to 5e-4 on these photos."""
    found, expected = lrp(*few, rules=Epsilon(epsilon)), gradient_x_input(*few)
    assert deviation(found, expected).max() <= 1e-5


@needs_real_data
def test_deeplift_is_complete(few):
    model, x, labels = few
    with torch.no_grad():
        risen = (model(x) - model(torch.zeros_like(x))).gather(1, labels[:, None])[:, 0]
    found = deeplift(model, x, labels).flatten(1).sum(1)
    assert ((found - risen) / risen).abs().max() <= 1e-5


@needs_real_data
def test_lrp_conserves_without_biases(few):
    model, x, labels = few
    with torch.no_grad():
        logits = model(x).gather(1, labels[:, None])[:, 0]
    found = lrp(model, x, labels, rules=COMPOSITES["EpsilonPlus"].without_bias()).flatten(1).sum(1)
    torch.testing.assert_close(found, logits, rtol=1e-4, atol=0)


@needs_real_data
def test_the_peak_of_grad_cam_lies_on_the_object_more_often_than_chance():
    """The pointing game (Zhang et al. 2018): 7 of these 11 photos; by chance 2.4, the objects' share of the area."""
    x, labels, masks, _ = photos()
    maps = upsampled(grad_cam(squeezenet(), x, labels, layer="fire9"), x.shape[2:])
    hits = masks.flatten(1).gather(1, maps.flatten(1).argmax(1, keepdim=True)).sum()
    assert hits >= 7
    assert masks.float().mean() * len(masks) < 2.5


@pytest.mark.parametrize("rules", ["EpsilonPlus", "EpsilonAlpha2Beta1", "DeepTaylorReals"])
def test_relevance_of_a_resnet_sums_to_the_logit(rules):
    """BatchNorms merged, biases left out; without the merging the sum is some hundred times the logit."""
    model, x = random_net("resnet18"), torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        logits = model(x)[:, 7]
    found = lrp(model, x, 7, rules=COMPOSITES[rules].without_bias()).flatten(1).sum(1)
    torch.testing.assert_close(found, logits, rtol=0.01, atol=0)


def test_relevance_of_a_resnet_equals_zennits():
    """With its canonizer, which merges the BatchNorms and makes the additions modules.

    It leaves the ε of each merged BatchNorm in the forward pass, 5e-6 for each; so it is compared on a net with ε = 0.
    """
    torchvision()
    from zennit.attribution import Gradient
    from zennit.composites import EpsilonPlus
    from zennit.torchvision import ResNetCanonizer

    model = random_net("resnet18", dtype=torch.float64)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps = 0.0
    x = torch.randn(1, 3, 64, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    chosen = torch.eye(1000, dtype=x.dtype)[[7]]
    theirs = EpsilonPlus(stabilizer=1e-15, zero_params="bias", canonizers=[ResNetCanonizer()])
    found = lrp(model, x, 7, rules=COMPOSITES["EpsilonPlus"].without_bias())
    with Gradient(model, theirs, attr_output=lambda out: out * chosen) as attributor:
        expected = attributor(x.clone())[1].detach()
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-8 * float(expected.abs().max()))
