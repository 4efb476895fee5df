"""DeepLIFT against shap's DeepExplainer and captum, in float64, raw values.

Differences of convention, and what they are compared on:

- shap explains nets of modules that it knows, each used once: functional, in-place and reused ReLUs are compared with
  a twin of modules (tests/support/twins.py).
- shap warns of adaptive max pooling, and where windows overlap its values do not sum up (two windows that agree on a
  place overwrite each other); compared with windows side by side.
- shap puts the slope in the place of `Δy/Δz` where `|Δz| < 1e-6`, here where it is down to rounding. Random nets have
  no such units.
- captum 0.9 does not sum up through max pooling, so it is compared on the other nets only.
"""

import warnings

import pytest
import torch
from captum.attr import DeepLift
from nets import NETS, net
from twins import twin

from xaiwidgets.methods.deeplift import deeplift

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of matplotlib, while shap is imported
    import shap

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array_wrap__ must accept:DeprecationWarning",  # shap and numpy 2
    "ignore:Input Tensor 0 did not already:UserWarning",  # captum sets it itself
    "ignore:Setting forward, backward hooks:UserWarning",
)
close = {"rtol": 1e-9, "atol": 1e-14}
ADAPTIVE = "one channel"


def baseline_for(x):
    return torch.randn(1, *x.shape[1:], dtype=x.dtype, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", [name for name in NETS if name != ADAPTIVE])
def test_shap(name):
    model, x, target = net(name)
    values = shap.DeepExplainer(twin(model), baseline_for(x)).shap_values(x.clone())
    expected = torch.stack([torch.as_tensor(values[i, ..., int(c)]) for i, c in enumerate(target)])
    torch.testing.assert_close(deeplift(model, x, target, baseline=baseline_for(x)), expected, **close)


def test_shap_on_the_adaptive_net_with_plain_windows():
    """Adaptive pooling overlaps here; shap's sum is right for windows that do not, so 3 by 3 take its place."""
    model, x, target = net(ADAPTIVE)
    model[2] = torch.nn.MaxPool2d(3)
    values = shap.DeepExplainer(model, baseline_for(x)).shap_values(x.clone())
    expected = torch.stack([torch.as_tensor(values[i, ..., int(c)]) for i, c in enumerate(target)])
    torch.testing.assert_close(deeplift(model, x, target, baseline=baseline_for(x)), expected, **close)


@pytest.mark.parametrize(
    "name", ["average pooling, in-place ReLU", "one dimension", "dense", "first operation in place"]
)
def test_captum(name):
    model, x, target = net(name)
    baseline = baseline_for(x)
    expected = DeepLift(twin(model)).attribute(x.clone(), baseline.expand_as(x).clone(), target=target).detach()
    torch.testing.assert_close(deeplift(model, x, target, baseline=baseline), expected, **close)
