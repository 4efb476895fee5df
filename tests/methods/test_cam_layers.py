"""Which layers have maps, what a layer hands on, and that nothing of it stays on the model."""

import threading

import pytest
import torch
from cam_nets import HALVES, halves, pooling_net
from nets import NETS, net, snapshot
from torch import nn

from xaiwidgets.borrow import borrow
from xaiwidgets.methods.cam import cam, grad_cam, grad_cam_plus_plus, guided_grad_cam, spatial_layers
from xaiwidgets.methods.cam_layers import see

LAYERS = {
    "max pooling": ["0", "1", "2", "3", "4"],
    "average pooling, in-place ReLU": ["0", "1", "2", "3", "4"],
    "functional ReLU": ["first", "second", "third"],
    "skip, BatchNorm, reused ReLU": ["stem", "norm", "inner.0", "inner.1", "relu"],
    "one channel": ["0", "1", "2"],
    "one dimension": ["0", "1", "2", "3"],
    "dense": [],
    "first operation in place": ["0"],
}


@pytest.mark.parametrize("name", NETS)
def test_layers_with_maps_come_in_the_order_of_running(name):
    model, x, _ = net(name)
    assert spatial_layers(model, x) == LAYERS[name]


@pytest.mark.parametrize("key", HALVES)
def test_what_is_seen_is_what_the_layer_gives_and_its_gradient(key):
    model, x, target = net(key[0])
    maps, slopes = halves(model, key, x, target)
    seen = see(borrow(model), x, target, key[1])
    torch.testing.assert_close(seen.maps, maps)
    torch.testing.assert_close(seen.gradients, slopes)
    torch.testing.assert_close(seen.scores, model(x.clone()).gather(1, target[:, None])[:, 0].detach())


@pytest.mark.parametrize("name", [name for name in NETS if name != "dense"])
@pytest.mark.parametrize("method", [grad_cam, grad_cam_plus_plus, guided_grad_cam])
def test_model_and_input_are_left_as_found(name, method):
    model, x, target = net(name)
    model.train()
    before, copy = snapshot(model), x.clone()
    for layer in (None, *LAYERS[name]):
        found = method(model, x, target, layer=layer)
        assert not found.requires_grad
    with pytest.raises(ValueError, match="layer must be the name of a module"):
        method(model, x, target, layer="none")
    assert snapshot(model) == before
    assert torch.equal(x, copy)
    assert x._version == 0


def test_hooks_are_gone_after_an_error():
    model, x, _ = net("max pooling")
    lent = borrow(model)
    with pytest.raises(ValueError, match="target must be a class index"):
        grad_cam(lent, x, 7, layer="1")
    assert all(not module._forward_hooks for module in lent.modules())


def test_an_in_place_layer_whose_result_is_ignored():
    class Ignoring(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.relu, self.head = nn.Conv2d(2, 3, 2), nn.ReLU(inplace=True), nn.Linear(3, 2)

        def forward(self, x):
            x = self.conv(x)
            self.relu(x)
            return self.head(x.mean((2, 3)))

    torch.manual_seed(0)
    model, x = Ignoring(), torch.randn(2, 2, 5, 4)
    expected = torch.einsum("k,nkij->nij", model.head.weight[1], model.conv(x).relu()).detach()
    torch.testing.assert_close(cam(model, x, 1, layer="relu"), expected)


def test_a_container_and_its_last_part_are_the_same_layer():
    model, x, target = net("skip, BatchNorm, reused ReLU")
    torch.testing.assert_close(grad_cam(model, x, target, layer="inner"), grad_cam(model, x, target, layer="inner.1"))


def test_a_hook_of_the_user_belongs_to_the_layer():
    model, x, target = net("max pooling")
    model[1].register_forward_hook(lambda module, inputs, output: 2 * output)
    seen = see(borrow(model), x, target, "1")
    torch.testing.assert_close(seen.maps, 2 * model[:1](x).relu().detach())


def test_two_threads_see_their_own_maps():
    model, x = pooling_net(), torch.randn(6, 2, 9, 8, dtype=torch.float64)
    expected = [grad_cam(model, each[None], 1) for each in x]
    wrong = []

    def explain(index):
        for _ in range(20):
            if not torch.equal(grad_cam(model, x[index][None], 1), expected[index]):
                wrong.append(index)

    threads = [threading.Thread(target=explain, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_changed_model_is_looked_at_again():
    model, x = pooling_net(), torch.randn(2, 2, 9, 8, dtype=torch.float64)
    grad_cam(model, x, 1)
    model.insert(4, nn.AvgPool2d(2).double())
    expected = grad_cam(model, x, 1, layer="4")
    assert torch.equal(grad_cam(model, x, 1), expected)
    assert expected.shape == (2, 3, 2)


def test_inference_mode_is_no_obstacle():
    model, x = pooling_net(), torch.randn(2, 2, 9, 8, dtype=torch.float64)
    expected = guided_grad_cam(model, x, 1)
    with torch.inference_mode():
        assert torch.equal(guided_grad_cam(model, x.clone(), 1), expected)


class Unused(nn.Module):
    def __init__(self):
        super().__init__()
        self.used, self.unused, self.never = nn.Conv2d(1, 2, 2), nn.Conv2d(1, 2, 2), nn.Conv2d(1, 2, 2)
        self.frozen = nn.Conv2d(1, 2, 2)

    def forward(self, x):
        self.unused(x)
        with torch.no_grad():
            still = self.frozen(x)
        return self.used(x).sum((2, 3)) + still.sum((2, 3)).round()


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            "usedd",
            "layer must be the name of a module, got 'usedd'; near names: used, unused; layers with maps: ",
        ),
        ("zzzzzz", "near names: used, unused, never, frozen; layers with maps: 'unused', 'frozen', 'used'"),
        ("", "layer must be the name of a module, got ''"),
        ("never", "layer 'never' did not run in the forward pass; layers with maps: "),
        ("unused", "the score does not depend on the last output of layer 'unused'"),
        ("frozen", "the score does not depend on the last output of layer 'frozen'"),
    ],
)
def test_errors_name_the_layer_and_offer_others(layer, message):
    with pytest.raises(ValueError, match=message):
        grad_cam(Unused(), torch.randn(2, 1, 4, 4), 1, layer=layer)


@pytest.mark.parametrize(
    ("name", "layer", "message"),
    [
        ("max pooling", "6", r"output of '6' has not: shape \(3, 3\); layers with maps: '0', '1'"),
        ("max pooling", "5", r"output of '5' has not: shape \(3, 24\)"),
        ("dense", "1", r"output of '1' has not: shape \(3, 12\); no layer of the model has maps"),
        ("dense", None, r"model has no layer with spatial maps for inputs of shape \(7,\)"),
    ],
)
def test_layers_without_maps_are_refused(name, layer, message):
    model, x, target = net(name)
    with pytest.raises(ValueError, match=message):
        grad_cam(model, x, target, layer=layer)


def test_maps_of_a_single_place_are_no_maps():
    with pytest.raises(ValueError, match=r"of more than one place, the output of '4' has not: shape \(1, 6, 1, 1\)"):
        grad_cam(pooling_net(), torch.randn(1, 2, 9, 8, dtype=torch.float64), 0, layer="4")


def test_a_module_instead_of_its_name():
    model = pooling_net()
    with pytest.raises(TypeError, match="layer must be the name of a module, or None for the last with maps, got ReLU"):
        grad_cam(model, torch.randn(1, 2, 9, 8, dtype=torch.float64), 0, layer=model[3])
