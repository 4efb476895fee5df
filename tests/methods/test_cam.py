"""Class activation maps against slow, literal re-implementations of their equations, and their laws."""

import itertools

import pytest
import torch
from cam_nets import HALVES, halves, pooling_net
from nets import net
from torch import nn
from torch.nn import functional as F

from xaiwidgets.backward import RELU_RULES, backward_rules
from xaiwidgets.methods.cam import (
    WEIGHTS,
    cam,
    channel_weights,
    grad_cam,
    grad_cam_plus_plus,
    guided_grad_cam,
    upsampled,
    weighted_maps,
)

SHAPES = {1: (2, 13), 2: (2, 9, 8)}


def pictures(axes=2):
    return torch.randn(3, *SHAPES[axes], generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def literal_mean(maps, slopes):
    """Equation 1 of Grad-CAM: one map (h, w) of numbers and the slopes of the score by them."""
    places = list(itertools.product(*map(range, maps.shape)))
    return sum(slopes[place] for place in places) / len(places)


def literal_plus_plus(maps, slopes):
    """Equations 5 and 19 of Grad-CAM++ as printed, one place at a time; 0 / 0 is zero."""
    places = list(itertools.product(*map(range, maps.shape)))
    total, weight = sum(maps[place] for place in places), 0
    for place in places:
        g = slopes[place]
        bottom = 2 * g**2 + total * g**3
        weight = weight + (g**2 / bottom if bottom != 0 else 0) * max(g, 0)
    return weight


LITERAL = {"Grad-CAM": literal_mean, "Grad-CAM++": literal_plus_plus}
METHODS = {"Grad-CAM": grad_cam, "Grad-CAM++": grad_cam_plus_plus}


@pytest.mark.parametrize("key", HALVES)
@pytest.mark.parametrize("variant", METHODS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_maps_and_weights_equal_their_formulas(key, variant, dtype):
    model, x, target = net(key[0], dtype)
    maps, slopes = halves(model, key, x, target)
    weights = [
        [LITERAL[variant](a, g) for a, g in zip(*image, strict=True)] for image in zip(maps, slopes, strict=True)
    ]
    weights = torch.tensor(weights, dtype=dtype)
    expected = torch.stack(
        [sum(w * a for w, a in zip(*image, strict=True)) for image in zip(weights, maps, strict=True)]
    )
    tolerance = {"rtol": 1e-3, "atol": 1e-5} if dtype == torch.float32 else {"rtol": 1e-10, "atol": 1e-13}
    found = METHODS[variant](model, x, target, layer=key[1], relu=False)
    torch.testing.assert_close(found, expected, **tolerance)
    torch.testing.assert_close(METHODS[variant](model, x, target, layer=key[1]), expected.clamp(min=0), **tolerance)
    torch.testing.assert_close(channel_weights(model, x, target, layer=key[1], variant=variant), weights, **tolerance)


@pytest.mark.parametrize("key", HALVES)
@pytest.mark.parametrize("upsampling", ["nearest", "bilinear"])
def test_guided_grad_cam_is_the_product(key, upsampling):
    model, x, target = net(key[0])
    leaf = x.clone().requires_grad_()
    with backward_rules({"relu": RELU_RULES["guided"]}):
        scores = model(leaf.clone()).gather(1, target[:, None]).sum()
    (details,) = torch.autograd.grad(scores, leaf)
    where = upsampled(grad_cam(model, x, target, layer=key[1]), x.shape[2:], upsampling)
    found = guided_grad_cam(model, x, target, layer=key[1], upsampling=upsampling)
    torch.testing.assert_close(found, details * where[:, None])


@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("bias", [True, False])
def test_cam_weights_the_maps_by_the_dense_layer(axes, bias):
    model, x, target = pooling_net(axes, bias), pictures(axes), torch.tensor([3, 0, 1])
    maps, weight = model[:4](x).detach(), model[6].weight.detach()
    expected = torch.stack([sum(weight[c, k] * maps[n, k] for k in range(6)) for n, c in enumerate(target)])
    found = cam(model, x, target)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(channel_weights(model, x, target, variant="CAM"), weight[target])
    offset = model[6].bias.detach()[target] if bias else torch.zeros(3, dtype=x.dtype)
    logits = model(x).detach().gather(1, target[:, None])[:, 0]
    torch.testing.assert_close(found.flatten(1).mean(1) + offset, logits)


@pytest.mark.parametrize("axes", [1, 2])
def test_grad_cam_on_a_pooling_net_is_cam_over_the_number_of_places(axes):
    model, x = pooling_net(axes), pictures(axes)
    expected = cam(model, x, 2)
    places = expected[0].numel()
    torch.testing.assert_close(grad_cam(model, x, 2, relu=False) * places, expected)
    torch.testing.assert_close(grad_cam(model, x, 2) * places, expected.clamp(min=0))


def test_cam_of_a_reused_module_takes_its_last_call():
    model, x, target = net("skip, BatchNorm, reused ReLU")
    maps, _ = halves(model, ("skip, BatchNorm, reused ReLU", "relu"), x, target)
    expected = torch.einsum("nk,nkij->nij", model.head.weight[target], maps).detach()
    torch.testing.assert_close(cam(model, x, target), expected)


def test_one_instance_of_two_is_found_again_by_plus_plus():
    """The paper's example: two copies of a thing, one of them seen by one map only. Grad-CAM weights by area."""
    maps = torch.zeros(1, 2, 6, 6, dtype=torch.float64)
    maps[0, 0, :4, :3], maps[0, 1, 5, 5] = 1, 1  # a large thing and a small one
    model = nn.Sequential(nn.Identity(), FiresSomewhere())
    plain, better = (weighted_maps(model, maps, 0, layer="0", variant=name)[1][0] for name in METHODS)
    assert plain[1] / plain[0] == pytest.approx(1 / 12)
    assert better[1] / better[0] == pytest.approx((1 / (2 + 1)) / (12 / (2 + 12)))


class FiresSomewhere(nn.Module):
    """The slope is one where a map fires, zero elsewhere."""

    def forward(self, maps):
        return maps.relu().flatten(1).sum(1, keepdim=True)


def test_a_dead_map_has_weight_zero_and_no_nan():
    model, x = pooling_net(), pictures()
    with torch.no_grad():
        model[6].weight[1] = 0
    for variant in WEIGHTS:
        total, weights = weighted_maps(model, x, 1, variant=variant)
        assert torch.equal(total, torch.zeros_like(total))
        assert torch.equal(weights, torch.zeros_like(weights))


def test_plus_plus_does_not_underflow_with_small_gradients():
    """In float32 the square of a slope of 1e-25 is zero; the equation divides zero by zero."""
    model, x = pooling_net(), pictures()
    exact = channel_weights(model, x, 0, variant="Grad-CAM++")
    with torch.no_grad():
        model[6].weight.mul_(1e-25)
    small = channel_weights(model.float(), x.float(), 0, variant="Grad-CAM++")
    limit = model[:4](x.float()).detach()  # for slopes towards zero, alpha is 1/2
    slopes = model[6].weight[0].clamp(min=0).detach() / limit[0, 0].numel()
    torch.testing.assert_close(small, (slopes * limit[0, 0].numel() / 2).expand_as(small), rtol=1e-5, atol=0)
    assert not torch.allclose(exact, torch.zeros_like(exact))


@pytest.mark.parametrize("method", [cam, grad_cam, grad_cam_plus_plus, guided_grad_cam])
def test_an_input_is_explained_alike_alone_and_in_a_batch(method):
    model, x, target = pooling_net(), pictures(), torch.tensor([3, 0, 1])
    torch.testing.assert_close(method(model, x[1:2], 0), method(model, x, target)[1:2])


def test_large_batches_come_in_pieces(monkeypatch):
    monkeypatch.setattr("xaiwidgets.methods.slopes.VALUES_AT_FIRST", 144)  # one picture at first
    model, x = pooling_net(), pictures().repeat(5, 1, 1, 1)
    passes = []
    model.register_forward_hook(lambda module, inputs, output: passes.append(len(inputs[0])))
    found = grad_cam(model, x, 1, layer="3")
    assert len(passes) > 1
    torch.testing.assert_close(found, grad_cam(pooling_net(), pictures(), 1).repeat(5, 1, 1))


def test_upsampling_is_blocks_or_interpolation():
    maps = torch.arange(6, dtype=torch.float64).view(1, 2, 3)
    blocks = upsampled(maps, (4, 6), "nearest")
    assert torch.equal(blocks, maps.repeat_interleave(2, 1).repeat_interleave(2, 2))
    smooth = upsampled(maps, (4, 6), "bilinear")
    row = torch.tensor([0, 0.25, 0.75, 1.25, 1.75, 2], dtype=torch.float64)  # centres of pixels between those of blocks
    expected = row + 3 * torch.tensor([0, 0.25, 0.75, 1], dtype=torch.float64)[:, None]
    torch.testing.assert_close(smooth[0], expected)
    line = upsampled(maps[:, 0], (6,), "bilinear")
    torch.testing.assert_close(line[0], row)
    assert torch.equal(upsampled(maps[:, 0], (6,), "nearest")[0], maps[0, 0].repeat_interleave(2))


def test_maps_are_painted_where_they_are_upsampled():
    """Nearest upsampling puts a value where a view draws its rectangle, also where sizes do not divide."""
    from xaiwidgets.colors import _enlarge

    maps = torch.randn(1, 3, 5)
    enlarged = upsampled(maps, (10, 13), "nearest")[0]
    assert torch.equal(enlarged, torch.from_numpy(_enlarge(maps[0].numpy(), 10, 13)))
    assert torch.equal(enlarged, F.interpolate(maps[None], (10, 13))[0, 0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda m, x: upsampled(x[:, 0], (4, 4), "cubic"),
            "upsampling must be one of 'nearest', 'bilinear', got 'cubic'",
        ),
        (lambda m, x: upsampled(x[:, 0], (4,)), r"size must have the axes .* got \(4,\) for \(3, 9, 8\)"),
        (lambda m, x: guided_grad_cam(m, x, 0, upsampling="cubic"), "upsampling must be one of 'nearest', 'bilinear'"),
        (lambda m, x: channel_weights(m, x, 0, variant="LRP"), r"variant must be one of 'CAM', .*got 'LRP'"),
        (lambda m, x: grad_cam(m, x, 9), "target must be a class index from 0 to 3, got 9"),
        (lambda m, x: cam(m, x.float(), 1), "x must be torch.float64 on cpu"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(pooling_net(), pictures())
