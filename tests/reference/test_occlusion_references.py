"""Occlusion against Captum, in float64; Captum rounds its map to float32 at the end."""

import pytest
import torch
from captum.attr import Occlusion
from nets import NETS, net

from xaiwidgets.methods.occlusion import occlusion

close = {"rtol": 1e-6, "atol": 1e-10}
CASES = {2: [(1, 1), (3, 2)], 3: [(6, 4), (5, 5), (20, 3)], 4: [(4, 3), ((3, 5), (2, 5)), ((9, 2), 1), (8, 8)]}


def with_channels(size, axes, channels):
    """A size as Captum wants it: with an axis for the channels, all of which are hidden at once."""
    size = size if isinstance(size, tuple) else (size,) * axes
    return (channels, *size) if channels else size


@pytest.mark.parametrize("fill", [0.0, 0.7])
@pytest.mark.parametrize("name", NETS)
def test_occlusion(name, fill):
    model, x, target = net(name)
    for window, stride in CASES[x.ndim]:
        axes, channels = max(1, x.ndim - 2), x.shape[1] if x.ndim > 2 else None
        expected = Occlusion(lambda x: model(x.clone())).attribute(
            x,
            sliding_window_shapes=with_channels(window, axes, channels),
            strides=with_channels(stride, axes, channels),
            baselines=fill,
            target=target,
            perturbations_per_eval=5,
        )
        found = occlusion(model, x, target, window=window, stride=stride, fill=fill)
        # Captum's map is the same in every channel.
        torch.testing.assert_close(found, (expected[:, 0] if channels else expected).double(), **close)


def test_occlusion_from_a_baseline_picture():
    model, x, target = net("skip, BatchNorm, reused ReLU")
    baseline = x.roll(1, 0)
    expected = Occlusion(model).attribute(x, (2, 4, 4), (2, 3, 3), baseline, target, perturbations_per_eval=5)
    found = occlusion(model, x, target, window=4, stride=3, fill=baseline)
    torch.testing.assert_close(found, expected[:, 0].double(), **close)
