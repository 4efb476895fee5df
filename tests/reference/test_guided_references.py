"""Guided backpropagation and deconvolution against captum and zennit, in float64, raw values.

Both hook modules: of a functional ReLU they silently return the plain gradient. So nets with functional ReLUs are
compared with a twin of modules (tests/support/twins.py); the weights are the same, and so must be the maps.
"""

import pytest
import torch
from captum.attr import Deconvolution, GuidedBackprop
from nets import NETS, net
from torchvision_nets import torchvision
from twins import twin

from xaiwidgets.methods.gradients import gradient
from xaiwidgets.methods.guided_backprop import deconvolution, guided_backpropagation

torchvision()  # zennit imports it
from zennit.attribution import Gradient  # noqa: E402
from zennit.composites import DeconvNet  # noqa: E402
from zennit.composites import GuidedBackprop as ZennitGuided  # noqa: E402

pytestmark = pytest.mark.filterwarnings(
    "ignore:Setting (forward, )?backward hooks:UserWarning", "ignore:Input Tensor 0 did not already:UserWarning"
)
every_net = pytest.mark.parametrize("name", NETS)
METHODS = {
    "guided": (guided_backpropagation, GuidedBackprop, ZennitGuided),
    "deconvolution": (deconvolution, Deconvolution, DeconvNet),
}
every_method = pytest.mark.parametrize("method", METHODS)
close = {"rtol": 1e-10, "atol": 1e-14}


@every_net
@every_method
def test_captum(name, method):
    model, x, target = net(name)
    ours, theirs, _ = METHODS[method]
    expected = theirs(twin(model)).attribute(x.clone().requires_grad_(), target=target).detach()
    torch.testing.assert_close(ours(model, x, target), expected, **close)


@every_net
@every_method
def test_zennit(name, method):
    model, x, target = net(name)
    ours, _, theirs = METHODS[method]
    with Gradient(model=twin(model), composite=theirs()) as attributor:
        _, expected = attributor(x.clone(), torch.eye(3, dtype=x.dtype)[target])
    torch.testing.assert_close(ours(model, x, target), expected.detach(), **close)


def test_the_compared_maps_are_not_the_gradient():
    """Else the tests above could not tell a rule from none."""
    for name in NETS:
        model, x, target = net(name)
        for ours, _, _ in METHODS.values():
            assert (ours(model, x, target) - gradient(model, x, target)).abs().max() > 1e-3
