"""The CAM family against captum, grad-cam and its closed forms, in float64, raw values where there are any.

Differences of convention:

- captum's Grad-CAM is signed by default, and its Guided Grad-CAM enlarges by the nearest value by default.
- grad-cam rescales: maps are cut at zero, stretched to 0..1, enlarged bilinearly and stretched to 0..1 once more, in
  float32. Whole maps are compared after the same steps, raw weights through its function for them.
- grad-cam adds 1e-6 to the denominator of Grad-CAM++, which moves the weights where gradients are small. The logits
  of the compared nets are multiplied by 10,000, so that it does not count.
"""

import numpy as np
import pytest
import torch
from captum.attr import GuidedGradCam, LayerGradCam
from nets import net
from torch import nn
from torchvision_nets import torchvision
from twins import twin

from xaiwidgets.methods.cam import (
    cam,
    channel_weights,
    grad_cam,
    grad_cam_plus_plus,
    guided_grad_cam,
    spatial_layers,
    upsampled,
)

torchvision()  # grad-cam imports it
from pytorch_grad_cam import GradCAM, GradCAMPlusPlus  # noqa: E402
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget  # noqa: E402

pytestmark = pytest.mark.filterwarnings(
    "ignore:Setting (forward, )?backward hooks:UserWarning", "ignore:Input Tensor 0 did not already:UserWarning"
)
PICTURES = ["max pooling", "functional ReLU", "skip, BatchNorm, reused ReLU", "one channel"]
close = {"rtol": 1e-9, "atol": 1e-14}
every_net = pytest.mark.parametrize("name", [*PICTURES, "one dimension"])
every_picture_net = pytest.mark.parametrize("name", PICTURES)


def layers_of(name):
    """A net of modules, its inputs and targets, and all its layers with maps."""
    model, x, target = net(name)
    model = twin(model)
    layers = spatial_layers(model, x)
    assert len(layers) >= 3
    return model, x, target, layers


@every_net
@pytest.mark.parametrize("relu", [True, False])
def test_grad_cam_of_every_layer_against_captum(name, relu):
    model, x, target, layers = layers_of(name)
    for layer in layers:
        theirs = LayerGradCam(model, model.get_submodule(layer))
        expected = theirs.attribute(x.clone(), target=target, relu_attributions=relu).detach()[:, 0]
        torch.testing.assert_close(grad_cam(model, x, target, layer=layer, relu=relu), expected, **close)


@every_picture_net
@pytest.mark.parametrize("upsampling", ["nearest", "bilinear"])
def test_guided_grad_cam_of_every_layer_against_captum(name, upsampling):
    model, x, target, layers = layers_of(name)
    for layer in layers:
        theirs = GuidedGradCam(model, model.get_submodule(layer))
        expected = theirs.attribute(x.clone(), target=target, interpolate_mode=upsampling).detach()
        found = guided_grad_cam(model, x, target, layer=layer, upsampling=upsampling)
        torch.testing.assert_close(found, expected, **close)


class Louder(nn.Module):
    """A net with its logits multiplied."""

    def __init__(self, model, factor=1e4):
        super().__init__()
        self.model, self.factor = model, factor

    def forward(self, x):
        return self.factor * self.model(x)


def maps_and_gradients(model, layer, x, target):
    kept = []
    hook = model.get_submodule(layer).register_forward_hook(lambda m, given, output: kept.append(output))
    scores = model(x).gather(1, target[:, None]).sum()
    hook.remove()
    return kept[0].detach(), torch.autograd.grad(scores, kept[0])[0]


def literal_plus_plus(maps, gradients):
    """Equations 5 and 19 of the paper, one place at a time."""
    weights = np.zeros(len(maps))
    for k, (a, g) in enumerate(zip(maps.numpy(), gradients.numpy(), strict=True)):
        for i, j in np.ndindex(a.shape):
            if g[i, j] != 0:
                alpha = g[i, j] ** 2 / (2 * g[i, j] ** 2 + a.sum() * g[i, j] ** 3)
                weights[k] += alpha * max(g[i, j], 0)
    return weights, np.maximum(np.einsum("k,kij->ij", weights, maps.numpy()), 0)


@every_picture_net
@pytest.mark.parametrize("factor", [1, 1e4])
def test_grad_cam_plus_plus_equals_the_papers_formula(name, factor):
    model, x, target, layers = layers_of(name)
    model = Louder(model, factor)
    for layer in (f"model.{layer}" for layer in layers):
        maps, gradients = maps_and_gradients(model, layer, x, target)
        expected = [literal_plus_plus(*each) for each in zip(maps, gradients, strict=True)]
        weights = channel_weights(model, x, target, layer=layer, variant="Grad-CAM++")
        np.testing.assert_allclose(weights.numpy(), np.stack([w for w, _ in expected]), rtol=1e-8)
        found = grad_cam_plus_plus(model, x, target, layer=layer).numpy()
        np.testing.assert_allclose(
            found, np.stack([m for _, m in expected]), rtol=1e-8, atol=1e-9 * np.abs(found).max()
        )


@every_picture_net
def test_the_weights_of_grad_cam_plus_plus_against_grad_cam(name):
    model, x, target, layers = layers_of(name)
    model = Louder(model)
    for layer in (f"model.{layer}" for layer in layers):
        maps, gradients = (each.numpy() for each in maps_and_gradients(model, layer, x, target))
        with GradCAMPlusPlus(model, [model.get_submodule(layer)]) as theirs:
            expected = theirs.get_cam_weights(None, None, None, maps, gradients)
        found = channel_weights(model, x, target, layer=layer, variant="Grad-CAM++").numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def stretched(maps):
    """Each map to 0..1."""
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - low) / (high - low).clamp(min=1e-7)


@every_picture_net
@pytest.mark.parametrize(("ours", "theirs"), [(grad_cam, GradCAM), (grad_cam_plus_plus, GradCAMPlusPlus)])
def test_whole_maps_against_grad_cam(name, ours, theirs):
    model, x, target, layers = layers_of(name)
    model = Louder(model).float()
    x = x.float()
    for layer in (f"model.{layer}" for layer in layers):
        with theirs(model, [model.get_submodule(layer)]) as attributor:
            expected = attributor(x, [ClassifierOutputTarget(int(c)) for c in target])
        found = stretched(upsampled(stretched(ours(model, x, target, layer=layer)), x.shape[2:]))
        np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "layer"), [("functional ReLU", "features.6"), ("skip, BatchNorm, reused ReLU", "relu")]
)
def test_cam_equals_the_weights_of_the_head_times_the_maps_and_grad_cam_up_to_a_constant(name, layer):
    model, x, target = net(name)
    model = twin(model)
    maps, _ = maps_and_gradients(model, layer, x, target)
    head = model.head if isinstance(model.head, nn.Linear) else model.head[2]
    expected = torch.einsum("nk,nkij->nij", head.weight.detach()[target], maps)
    found = cam(model, x, target, layer=layer)
    torch.testing.assert_close(found, expected, **close)
    places = maps[0, 0].numel()
    torch.testing.assert_close(grad_cam(model, x, target, layer=layer, relu=False) * places, expected, **close)
